"""Fixtures of the browser tests: `serve` and `run` as processes on a real database, a real receiver, a real browser."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest
import trustme

from dispatcher.demo.receiver import Receiver
from tests.support.host import Host

if find_spec("playwright") is None:  # make test-ui installs it; without it there is nothing to import here
    collect_ignore_glob = ["test_*.py"]
else:
    from playwright.async_api import Browser, expect

    from tests.ui.browsing import AXE, PATIENCE_MS, Visitor, launch, visit
    from tests.ui.place import Place, open_place

    expect.set_options(timeout=PATIENCE_MS)

    Visit = Callable[..., AbstractAsyncContextManager[Visitor]]

    @pytest.fixture
    async def browser() -> AsyncIterator[Browser]:
        """Debian's chromium."""
        if not AXE.exists():
            pytest.fail("axe-core is not installed: make test-ui installs it")
        async with launch() as found:
            yield found

    @pytest.fixture
    async def place(host: Host, receiver: Receiver, certificates: tuple[trustme.CA, Path]) -> AsyncIterator[Place]:
        """A host, a receiver, and our two programs."""
        async with open_place(host, receiver, certificates[1]) as found:
            yield found

    @pytest.fixture
    def visitor(browser: Browser, place: Place) -> Visit:
        """Opens a browser for a person: `async with visitor(language="pt-BR") as ana`."""
        return partial(visit, browser, place.url)

"""Fixtures: each receiver of docs/receiving.md, built once and started for each test in a folder of its own."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.receivers.programs import LANGUAGES, Running, build, run

KEY = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[str]]:
    """How to start the receiver of a language."""

    @cache
    def once(name: str) -> list[str]:
        return build(LANGUAGES[name], tmp_path_factory.mktemp("built"))

    return once


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    """Each language in turn."""
    return str(request.param)


@pytest.fixture
def running(language: str, built: Callable[[str], list[str]], tmp_path: Path) -> Iterator[Running]:
    """The receiver of a language; at the end nothing lies about that is half written."""
    with run(built(language), tmp_path, {"WEBHOOK_KEY": KEY}) as found:
        yield found
        assert found.left_over() == []

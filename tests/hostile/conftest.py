"""Fixtures of the hostile tests."""

import ipaddress
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import trustme

from dispatcher.core.model import Request
from dispatcher.egress import client
from dispatcher.egress.client import Send, open_egress
from tests.hostile.names import Names
from tests.support.settings import environment

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


def request(url: str, timeout: float = 20, **headers: str) -> Request:
    """A request to a receiver."""
    return Request(url=url, headers={"webhook-id": "x", **headers}, body=b"{}", timeout_seconds=timeout)


@pytest.fixture
async def send(certificates: tuple[trustme.CA, Path]) -> AsyncIterator[Send]:
    """The way out as tests open it: loopback is allowed."""
    async with open_egress(allowed=LOOPBACK, ca_file=certificates[1]) as found:
        yield found


@pytest.fixture
async def keeping(certificates: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Send]:
    """The way out, where no connection is closed only because it was idle."""
    monkeypatch.setattr(client, "KEEPALIVE_SECONDS", 3600)
    async with open_egress(allowed=LOOPBACK, ca_file=certificates[1]) as found:
        yield found


@pytest.fixture
def at_leisure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a kept connection is soon enough to send again, however slow the machine is."""
    monkeypatch.setattr(client, "SEND_AGAIN_WITHIN_SECONDS", 3600)


@pytest.fixture
def env(database_url: str, certificates: tuple[trustme.CA, Path]) -> dict[str, str]:
    """The environment of a dispatcher that could run."""
    return environment(database_url, certificates[1])


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    """A name service of the test's own; names that hang answer when the test is over."""
    found = Names()
    monkeypatch.setattr("socket.getaddrinfo", found.getaddrinfo)
    yield found
    found.released.set()

"""The way out, over real sockets: a delivery, nobody there, and what is never connected to.

What hostile receivers come to is in tests/hostile.
"""

import ipaddress
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from dispatcher.core.model import ErrorClass, Request
from dispatcher.demo.receiver import Receiver
from dispatcher.egress.client import Send, open_egress
from tests.support.ops import free_port

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


def request(url: str) -> Request:
    """A request to a receiver."""
    return Request(url=url, headers={"webhook-id": "x"}, body=b"{}", timeout_seconds=20)


@pytest.fixture
async def send(certificates: tuple[trustme.CA, Path]) -> AsyncIterator[Send]:
    """The way out as the demo opens it: loopback is allowed."""
    async with open_egress(allowed=LOOPBACK, ca_file=certificates[1]) as found:
        yield found


@pytest.fixture
async def guarded(certificates: tuple[trustme.CA, Path]) -> AsyncIterator[Send]:
    """The way out as it is by default: no private network is allowed."""
    async with open_egress(ca_file=certificates[1]) as found:
        yield found


async def test_delivered(send: Send, receiver: Receiver) -> None:
    """A 204 succeeds; headers and body arrive as they were given, without cookies or compression."""
    result = await send(request(receiver.url + "/a?b=c"))
    (received,) = receiver.received

    assert (result.status, result.error) == (204, None)
    assert received.body == b"{}"
    assert received.headers["webhook-id"] == "x"
    assert {"cookie", "accept-encoding", "user-agent"}.isdisjoint(received.headers)


async def test_nobody_there(send: Send) -> None:
    """A closed port is a connect error, a name that does not exist a dns error."""
    closed = await send(request(f"https://localhost:{free_port()}/"))
    unknown = await send(request("https://does-not-exist.invalid/"))

    assert closed.error is ErrorClass.CONNECT
    assert unknown.error is ErrorClass.DNS


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1", "0x7f.1"]
)
async def test_private_addresses(guarded: Send, receiver: Receiver, host: str) -> None:
    """A private address is not connected to, as a literal or behind a name."""
    port = receiver.url.rpartition(":")[2]
    result = await guarded(request(f"https://{host}:{port}/"))

    assert result.error is ErrorClass.BLOCKED_ADDRESS
    assert receiver.received == []

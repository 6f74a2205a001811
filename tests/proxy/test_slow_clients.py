"""Clients that are slow: nginx ends them by its deadlines, and `serve` never hears of them."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.proxy.clients import Upstream
from tests.proxy.conftest import Connect

HOST = b"Host: webhooks.example.com\r\n"
GET = b"GET /api/webhooks/me HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
POST = b"POST /api/webhooks/replays HTTP/1.1\r\n" + HOST + b"Connection: close\r\nContent-Length: 100\r\n\r\n"
CLIENTS = 20


async def test_an_ordinary_one(client: Connect, upstream: Upstream) -> None:
    """Is passed on, with the address that it has."""
    async with client(source="127.0.0.2") as one:
        await one.say(GET)
        answer = await one.heard()

    assert answer.startswith(b"HTTP/1.1 204 ")
    assert b"X-Forwarded-For: 127.0.0.2\r\n" in upstream.requests[0]


@pytest.mark.parametrize(
    "said",
    [b"", GET[:10], GET[:-2], POST, POST + b"x" * 99],
    ids=["nothing", "half a line", "all but the end of the header", "no body", "all but the end of the body"],
)
async def test_one_that_falls_silent(impatient: Connect, upstream: Upstream, said: bytes) -> None:
    """Its connection is ended without an answer, and nothing was passed on; meanwhile others are served."""
    async with AsyncExitStack() as stack:
        slow = []
        for _ in range(CLIENTS):
            slow.append(await stack.enter_async_context(impatient()))
            await slow[-1].say(said)
        async with impatient() as other:
            await other.say(GET)
            served = await other.heard()
        heard = await asyncio.gather(*(one.heard() for one in slow))

    assert served.startswith(b"HTTP/1.1 204 ")
    assert heard == [b""] * CLIENTS
    assert (upstream.connections, len(upstream.requests)) == (1, 1)


async def test_a_header_that_drips(impatient: Connect, upstream: Upstream) -> None:
    """The deadline is for all of it: each byte in time does not help."""
    async with impatient() as one:
        dripping = asyncio.create_task(one.drip(GET[:-2] + b"x-filler: " + b"x" * 10_000))
        heard = await one.heard()
        dripping.cancel()

    assert heard == b""
    assert upstream.connections == 0


async def test_a_body_that_drips(client: Connect, upstream: Upstream) -> None:
    """It is waited for, at nginx; `serve` is asked once, when it is complete."""
    async with client() as one:
        await one.say(POST)
        await one.drip(b"x" * 99)
        before = upstream.connections
        await one.say(b"x")
        answer = await one.heard()

    assert answer.startswith(b"HTTP/1.1 204 ")
    assert (before, upstream.connections) == (0, 1)
    assert upstream.requests[0].endswith(b"x" * 100)

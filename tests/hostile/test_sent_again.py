"""A kept connection that its receiver ended: the request that met its end is sent again, once, at once, and noted."""

import asyncio
import errno
from pathlib import Path

import aiohttp
import pytest
import trustme

from dispatcher.core.model import ErrorClass, Note
from dispatcher.egress import client
from dispatcher.egress.client import Send
from dispatcher.egress.errors import LocalFailure
from dispatcher.telemetry.observations import AttemptFinished
from tests.conftest import StartDispatcher
from tests.hostile.conftest import request
from tests.support.host import Host
from tests.support.raw import read_request, reset, serve_raw, server_tls

pytestmark = pytest.mark.usefixtures("at_leisure")

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Leaver:
    """Answers the first request of its first connection, takes a second one there and then does what the test says."""

    def __init__(self, last: bytes, *, rst: bool, every: bool = False) -> None:
        self.requests: list[int] = []  # of each connection
        self._last, self._rst, self._every = last, rst, every

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(0)
        first = len(self.requests) == 1
        while True:
            await read_request(reader)
            self.requests[-1] += 1
            if (first and self.requests[-1] == 2) or (self._every and not first):
                writer.write(self._last)
                if self._rst:
                    reset(writer)
                return
            writer.write(ANSWER)


@pytest.mark.parametrize("rst", [False, True], ids=["fin", "rst"])
async def test_a_kept_connection_that_ends(keeping: Send, certificates: tuple[trustme.CA, Path], rst: bool) -> None:
    """It may have been ended before the request came: this one is sent again, at once, on a new one; and noted."""
    leaver = Leaver(b"", rst=rst)
    async with serve_raw(leaver, server_tls(certificates[0])) as port, asyncio.timeout(60):
        first, second = [await keeping(request(f"https://localhost:{port}/")) for _ in range(2)]

    assert (first.status, first.note) == (200, None)
    assert (second.status, second.note) == (200, Note.SENT_AGAIN)
    assert leaver.requests == [2, 1]


async def test_a_new_connection_that_ends_too(keeping: Send, certificates: tuple[trustme.CA, Path]) -> None:
    """A request is sent again once, and what comes of that counts."""
    leaver = Leaver(b"", rst=False, every=True)
    async with serve_raw(leaver, server_tls(certificates[0])) as port, asyncio.timeout(60):
        _, second = [await keeping(request(f"https://localhost:{port}/")) for _ in range(2)]

    assert (second.status, second.error, second.note) == (None, ErrorClass.CONNECT, Note.SENT_AGAIN)
    assert leaver.requests == [2, 1]


@pytest.mark.parametrize(("last", "within"), [(b"HTTP/1.1 2", 3600), (b"", -1)], ids=["in its answer", "late"])
async def test_a_kept_connection_that_was_not_idle(
    keeping: Send, certificates: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch, last: bytes, within: int
) -> None:
    """Its receiver took the request: that is a failure, and the schedule has the next attempt."""
    monkeypatch.setattr(client, "SEND_AGAIN_WITHIN_SECONDS", within)
    leaver = Leaver(last, rst=False)
    async with serve_raw(leaver, server_tls(certificates[0])) as port, asyncio.timeout(60):
        _, second = [await keeping(request(f"https://localhost:{port}/")) for _ in range(2)]

    assert (second.status, second.error, second.note) == (None, ErrorClass.CONNECT, None)
    assert leaver.requests == [2]


async def test_no_descriptor_for_a_new_connection(
    keeping: Send, certificates: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What left once is on record as what came of that: no failure of ours takes its row away."""

    def none_is_left(*_: object) -> None:
        raise OSError(errno.EMFILE, "too many open files")

    leaver = Leaver(b"", rst=False)
    async with serve_raw(leaver, server_tls(certificates[0])) as port, asyncio.timeout(60):
        await keeping(request(f"https://localhost:{port}/"))
        monkeypatch.setattr(client, "refusal", none_is_left)
        second = await keeping(request(f"https://localhost:{port}/"))

    assert (second.status, second.error, second.note) == (None, ErrorClass.CONNECT, Note.SENT_AGAIN)


async def test_no_buffer_for_a_kept_connection(
    keeping: Send, certificates: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It did not leave this machine, and that is our own trouble: there is nothing to send again, nobody to charge."""

    async def no_buffer(*_: object) -> None:
        raise aiohttp.ClientOSError(errno.ENOBUFS, "no buffer space available")

    leaver = Leaver(b"", rst=False)
    async with serve_raw(leaver, server_tls(certificates[0])) as port, asyncio.timeout(60):
        await keeping(request(f"https://localhost:{port}/"))
        monkeypatch.setattr(aiohttp.ClientRequest, "send", no_buffer)
        with pytest.raises(LocalFailure, match="ENOBUFS"):
            await keeping(request(f"https://localhost:{port}/"))

    assert leaver.requests == [1]


async def test_a_large_request_is_sent_again_whole(keeping: Send, certificates: tuple[trustme.CA, Path]) -> None:
    """Also one that goes out in pieces, whatever of it was read before the connection ended."""
    bodies: list[bytes] = []

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies.append(await read_request(reader))
        writer.write(ANSWER)
        if len(bodies) == 1:
            await reader.readuntil(b"\r\n\r\n")
            reset(writer)

    sent = request("")
    async with serve_raw(answers, server_tls(certificates[0])) as port, asyncio.timeout(60):
        url = f"https://localhost:{port}/"
        await keeping(request(url))
        large = bytes(client.MAX_WRITE_BYTES * 4)
        result = await keeping(type(sent)(url, sent.headers, large, sent.timeout_seconds))

    assert (result.status, result.note) == (200, Note.SENT_AGAIN)
    assert bodies[1:] == [large]


async def test_it_is_on_record(
    host: Host, dispatcher: StartDispatcher, certificates: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One attempt, which succeeded, and its note."""
    monkeypatch.setattr(client, "KEEPALIVE_SECONDS", 3600)
    leaver = Leaver(b"", rst=False)
    async with serve_raw(leaver, server_tls(certificates[0])) as port, dispatcher() as seen:
        host.endpoint(f"https://localhost:{port}/")
        for count in (1, 2):
            host.pay()
            await seen.count(AttemptFinished, count)
    rows = host.rows("select number, outcome, note from outbound_webhooks.attempts order by recorded_at")

    assert [tuple(row.values()) for row in rows] == [(1, "succeeded", None), (1, "succeeded", Note.SENT_AGAIN)]
    assert leaver.requests == [2, 1]

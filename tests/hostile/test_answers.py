"""What every kind of hostile receiver comes to, over real sockets: its class, what is kept, when it is tried again."""

import asyncio
import socket
from pathlib import Path

import pytest
import trustme

from dispatcher.core.model import DeliveryState, ErrorClass
from dispatcher.core.verdict import judge
from dispatcher.egress.client import Send
from tests.hostile.certificates import HOST
from tests.hostile.conftest import request
from tests.hostile.receivers import RECEIVERS, Hostile
from tests.hostile.serving import serve
from tests.support.raw import serve_raw, server_tls, writes
from tests.unit.examples import delivery

DEADLINE = 0.5  # where it has to come, and nothing before it: not even a look-up
SCHEDULE = (0, 77, 600)


@pytest.mark.parametrize("hostile", RECEIVERS, ids=[row.name for row in RECEIVERS])
async def test_each(
    send: Send, certificates: tuple[trustme.CA, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture,
    hostile: Hostile,
) -> None:  # fmt: skip
    """Status or class and note are the row's; a failure is charged and due by the schedule; nothing is logged.

    No drop moves the deadline: it ends those that drip not before its time, and then at once.
    """
    claimed = delivery(retry_schedule=SCHEDULE)

    async with serve(hostile, certificates[0], tmp_path) as url, asyncio.timeout(hostile.timeout + 20):
        result = await send(request(url, hostile.timeout))
    verdict = judge(result, claimed, result.started_at, jitter=0.0)

    assert (result.status, result.error, result.note) == (hostile.status, hostile.error, hostile.note)
    assert (result.duration_ms >= hostile.timeout * 1000) == hostile.waits
    if hostile.succeeds:
        assert verdict.state is DeliveryState.SUCCEEDED
        assert result.excerpt is None
    else:
        assert (verdict.state, verdict.charged, verdict.retry_in) == (DeliveryState.PENDING, True, 77)
    assert caplog.records == []


async def test_who_does_not_take_the_request(send: Send, certificates: tuple[trustme.CA, Path]) -> None:
    """A receiver that reads nothing of a request that no socket buffer holds is left at the deadline."""

    async def reads_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    async with serve_raw(reads_nothing, server_tls(certificates[0], HOST)) as port:
        sent = request(f"https://{HOST}:{port}/", DEADLINE)
        result = await send(type(sent)(sent.url, sent.headers, bytes(32 * 1024 * 1024), sent.timeout_seconds))

    assert result.error is ErrorClass.TIMEOUT


async def test_who_answers_before_the_end_of_the_request(send: Send, certificates: tuple[trustme.CA, Path]) -> None:
    """An answer that came while the request was still being sent counts, whatever happens to the rest of it."""

    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        while await reader.read(65536):
            pass

    async with serve_raw(refuses, server_tls(certificates[0])) as port:
        sent = request(f"https://localhost:{port}/")
        result = await send(type(sent)(sent.url, sent.headers, bytes(8 * 1024 * 1024), sent.timeout_seconds))

    assert (result.status, result.error) == (413, None)


async def test_who_does_not_accept(send: Send) -> None:
    """A host that leaves the SYN unanswered, as a firewall that drops does, is left at the deadline."""
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        listening.listen(0)
        address = listening.getsockname()
        waiting = [socket.socket() for _ in range(3)]  # more than it has room for
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(address)
        result = await send(request(f"https://{HOST}:{address[1]}/", DEADLINE))
        for client in waiting:
            client.close()

    assert result.error is ErrorClass.TIMEOUT


async def test_no_proxy_no_cookie_no_redirect(
    send: Send, certificates: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy of the environment is not used, a cookie is not returned, a Location not asked for; gzip stays gzip."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    heads: list[bytes] = []

    async def takes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            await reader.readexactly(2)
            writer.write(b"HTTP/1.1 307 X\r\nLocation: /there\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")

    async with serve_raw(takes, server_tls(certificates[0])) as port:
        results = [await send(request(f"https://localhost:{port}/here")) for _ in range(2)]

    assert [result.status for result in results] == [307, 307]
    assert [head.split(b" ")[1] for head in heads] == [b"/here", b"/here"]
    assert b"cookie" not in b"".join(heads).lower()


async def test_what_is_kept(send: Send, certificates: tuple[trustme.CA, Path]) -> None:
    """The status, the content type, a KB of the body of an error; no other header but Retry-After is looked at."""
    answer = (
        b"HTTP/1.1 503 Secret-Reason\r\nContent-Type: text/plain; charset=utf-8\r\nSet-Cookie: session=secret\r\n"
        b"X-Secret: secret\r\nRetry-After: 7\r\nContent-Length: 2000\r\n\r\n" + b"a" * 2000
    )
    async with serve_raw(writes(answer), server_tls(certificates[0])) as port:
        result = await send(request(f"https://localhost:{port}/"))

    assert (result.status, result.content_type, result.excerpt) == (503, "text/plain; charset=utf-8", "a" * 1024)
    assert result.retry_after == "7"
    assert "ecret" not in repr(result)

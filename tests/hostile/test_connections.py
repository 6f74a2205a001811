"""Connections that are used again: what a receiver sends unasked is nobody's answer, and no descriptor stays behind."""

import asyncio
import gc
import select
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from dispatcher.core.model import ErrorClass
from dispatcher.egress.client import Send, open_egress
from tests.hostile.conftest import LOOPBACK, request
from tests.hostile.receivers import RECEIVERS
from tests.hostile.serving import serve_all
from tests.support.polling import holds
from tests.support.raw import has_arrived, read_request, reset, serve_raw, server_tls

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
POISON = b"HTTP/1.1 299 Poison\r\nContent-Length: 0\r\n\r\n"


class Poisoner:
    """Answers each request; after the first answer of a connection it does what the test says, unasked."""

    def __init__(self, ca: trustme.CA, *, at_once: bool = False) -> None:
        self._tls = server_tls(ca)
        self._at_once = at_once  # what is unasked has arrived before the client has its next turn
        self.connections = 0
        self.gone = asyncio.Event()  # the client left a connection
        self.unasked = asyncio.Queue[bytes | None]()

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Serve until left; yields the URL."""
        async with serve_raw(self._behave, self._tls) as port:
            yield f"https://localhost:{port}/"

    async def _behave(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await read_request(reader)
            writer.write(ANSWER)
            if self.connections == 1:
                if (data := await self.unasked.get()) is None:
                    reset(writer)
                    return
                writer.write(data)
                if self._at_once:
                    while not has_arrived(writer):
                        time.sleep(0.001)  # noqa: ASYNC251  # nobody else has a turn
                await writer.drain()
            while True:
                await read_request(reader)
                writer.write(ANSWER)
        finally:
            self.gone.set()


@pytest.mark.parametrize(
    "unasked", [POISON, b"HTTP/1.1 2", b"\x00garbage", b"\r\n", None], ids=["answer", "part", "garbage", "blank", "rst"]
)
@pytest.mark.usefixtures("at_leisure")
async def test_unasked_bytes_are_nobodys_answer(
    keeping: Send, certificates: tuple[trustme.CA, Path], unasked: bytes | None
) -> None:
    """They close the connection, and the next request, on another one, has an answer of its own."""
    poisoner = Poisoner(certificates[0])
    async with poisoner.serve() as url, asyncio.timeout(60):
        first = await keeping(request(url))
        poisoner.unasked.put_nowait(unasked)
        await poisoner.gone.wait()
        second = await keeping(request(url))

    assert (first.status, second.status) == (200, 200)
    assert poisoner.connections == 2


async def test_unasked_bytes_that_nobody_has_read_yet(keeping: Send, certificates: tuple[trustme.CA, Path]) -> None:
    """They wait in the socket when the next request is about to be sent: it takes another connection."""
    poisoner = Poisoner(certificates[0], at_once=True)
    async with poisoner.serve() as url, asyncio.timeout(60):
        await keeping(request(url))
        poisoner.unasked.put_nowait(POISON)
        # One turn of the loop for the server to write, none for the client to read.
        await asyncio.sleep(0)
        second = await keeping(request(url))

    assert second.status == 200
    assert poisoner.connections == 2


async def test_a_connection_is_used_again(keeping: Send, certificates: tuple[trustme.CA, Path]) -> None:
    """Without anything unasked, ten requests share one."""
    connections = 0

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            await read_request(reader)
            writer.write(ANSWER)

    async with serve_raw(answers, server_tls(certificates[0])) as port:
        results = [await keeping(request(f"https://localhost:{port}/")) for _ in range(10)]

    assert [result.status for result in results] == [200] * 10
    assert connections == 1


@pytest.mark.parametrize(
    ("head", "announced", "connections"),
    [
        (b"HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\n", b"hello", 2),
        (b"HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", 2),
        (b"HTTP/1.1 204 X\r\nTransfer-Encoding: gzip\r\n\r\n", b"hello", 2),
        (b"HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n", b"hello", 2),
        (b"HTTP/1.1 204 X\r\n\r\n", b"", 1),
        (b"HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n", b"", 1),
    ],
    ids=["length", "chunks", "coding", "304", "nothing", "length-zero"],
)
async def test_a_body_where_none_can_be(
    keeping: Send, certificates: tuple[trustme.CA, Path], head: bytes, announced: bytes, connections: int
) -> None:
    """A head that announces one ends its connection: the body may come when the next request has already been sent."""
    made = 0

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal made
        made += 1
        await read_request(reader)
        writer.write(head)
        await read_request(reader)
        writer.write(announced + head)

    async with serve_raw(answers, server_tls(certificates[0])) as port, asyncio.timeout(60):
        results = [await keeping(request(f"https://localhost:{port}/")) for _ in range(2)]

    assert [(result.status, result.error) for result in results] == [(int(head[9:12]), None)] * 2
    assert made == connections


async def test_a_flood_of_unasked_answers(keeping: Send, certificates: tuple[trustme.CA, Path]) -> None:
    """It closes the connection at the first of them: a hundred thousand, collected, would take 100 MB."""
    poisoner = Poisoner(certificates[0])
    flood = POISON * 100_000
    async with poisoner.serve() as url, asyncio.timeout(60):
        await keeping(request(url))
        tracemalloc.start()
        try:
            poisoner.unasked.put_nowait(flood)
            await poisoner.gone.wait()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak < 4 * len(flood)  # the server holds it, too


async def test_no_descriptor_stays_behind(certificates: tuple[trustme.CA, Path], tmp_path: Path) -> None:
    """After every receiver of the table has had its turn, all at once, as many are open as before."""
    async with asyncio.timeout(120):
        gc.collect()  # of tests before this one
        before = descriptors()
        async with (
            open_egress(allowed=LOOPBACK, ca_file=certificates[1]) as send,
            serve_all(RECEIVERS, certificates[0], tmp_path) as urls,
        ):
            await asyncio.gather(*(send(request(url, timeout=2)) for url in urls))
            await holds(lambda: descriptors() == before + len(urls))  # those that listen; idle ones go after seconds


async def test_a_receiver_that_ignores_our_good_bye(keeping: Send, certificates: tuple[trustme.CA, Path]) -> None:
    """It is not waited for: the connection is gone when the result is there, or a thousand of them would pile up."""
    gone = asyncio.Event()

    async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        descriptor = writer.get_extra_info("socket").fileno()
        await holds(lambda: has_left(descriptor))
        gone.set()

    async with serve_raw(hangs, server_tls(certificates[0])) as port, asyncio.timeout(60):
        result = await keeping(request(f"https://localhost:{port}/", timeout=10))  # by then it has the request
        await gone.wait()

    assert result.error is ErrorClass.TIMEOUT


def descriptors() -> int:
    """How many this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def has_left(descriptor: int) -> bool:
    """Whether the other end of a connection has closed it, without reading from it."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLRDHUP)
    return bool(waiting.poll(0))

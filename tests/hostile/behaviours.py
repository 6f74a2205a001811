"""What hostile receivers do once the connection stands: slow, endless, or broken off at any point."""

import asyncio
import itertools
import ssl
import zlib
from collections.abc import Iterable, Iterator
from functools import cache

from tests.support.raw import Behaviour, read_request, reset

PAUSE_SECONDS = 0.05  # between two drips: far below any deadline
PIECE = 64 * 1024
CHUNKED = b"HTTP/1.1 %d X\r\nTransfer-Encoding: chunked\r\n\r\n"


def drips(head: bytes, drop: bytes, pause: float = PAUSE_SECONDS) -> Behaviour:
    """Writes the head, and then a drop again and again, slowly and without end."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(head)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(pause)

    return behave


def floods(head: bytes, piece: bytes | Iterable[bytes]) -> Behaviour:
    """Writes the head, and then pieces without end, as fast as they are taken."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(head)
        pieces: Iterator[bytes] = itertools.repeat(piece) if isinstance(piece, bytes) else iter(piece)
        for data in pieces:
            await asyncio.sleep(0)  # drain() does not give way while the client takes everything, nor once it is gone
            writer.write(data)  # the last of them and the end without a pause: nobody is to use it again in between
            await writer.drain()

    return behave


def repeated(piece: bytes) -> bytes:
    """As many of it as make a good write."""
    return piece * (PIECE // len(piece))


def numbered_headers(count: int | None = None) -> Iterator[bytes]:
    """Headers with names of their own, many in a write; without end if no number is given."""
    numbers = itertools.count() if count is None else iter(range(count))
    while batch := list(itertools.islice(numbers, 1000)):
        yield b"".join(b"X-%d: x\r\n" % number for number in batch)


def breaks_off(sent: bytes, *, rst: bool, reads: bool = True) -> Behaviour:
    """Writes a part of an answer, and ends the connection with FIN or RST."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if reads:
            await read_request(reader)
        if sent:
            writer.write(sent)
            await writer.drain()
        if rst:
            reset(writer)  # what was written has arrived, and can be read after it

    return behave


def writes_then(*parts: bytes) -> Behaviour:
    """Writes parts of an answer, each once the client had time to take the one before."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(PAUSE_SECONDS)
        while await reader.read(65536):
            pass

    return behave


def bomb(status: int) -> Behaviour:
    """An answer of 200 KB that would be 200 MB once decompressed."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        body = compressed()
        writer.write(b"HTTP/1.1 %d X\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % (status, len(body)))
        writer.write(body)
        await writer.drain()

    return behave


@cache
def compressed() -> bytes:
    """200 MB of nothing."""
    packer = zlib.compressobj(wbits=31)
    megabyte = bytes(1024 * 1024)
    return b"".join(packer.compress(megabyte) for _ in range(200)) + packer.flush()


async def hangs_in_handshake(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """On plain TCP: takes the client's hello and says nothing."""
    while await reader.read(65536):
        pass


def says_instead_of_hello(data: bytes, *, rst: bool = False) -> Behaviour:
    """On plain TCP: answers the client's hello with something else, or with an end."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        if rst:
            reset(writer)
            return
        writer.write(data)
        await writer.drain()
        if data:
            await reader.read(65536)

    return behave


def refuses_in_handshake(tls: ssl.SSLContext) -> Behaviour:
    """On plain TCP: shakes hands as that context does, its alerts included (asyncio's servers swallow them)."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = tls.wrap_bio(incoming, outgoing, server_side=True)
        shaking = True
        while shaking:
            try:
                server.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                shaking = False
            writer.write(outgoing.read())
            if not (data := await reader.read(65536)):
                return
            incoming.write(data)
        while await reader.read(65536):
            pass

    return behave

"""Clients of nginx that do as they like, and an upstream that counts what gets to it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache

import trustme

from tests.proxy.nginx import HOST, Nginx

PAUSE_SECONDS = 0.05


@dataclass
class Upstream:
    """What came to the place of `serve`: connections, and complete requests."""

    port: int = 0
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def serve_upstream() -> AsyncIterator[Upstream]:
    """An upstream that answers 204 to each request, which has its length."""
    upstream = Upstream()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream.connections += 1
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.splitlines() if line.lower().startswith(b"content-length:")]
        upstream.requests.append(head + await reader.readexactly(int(lengths[0]) if lengths else 0))
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()
        await server.wait_closed()


@dataclass
class Client:
    """A connection through TLS."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, text: bytes) -> None:
        """Send something; that the other side is gone, whoever reads hears."""
        with suppress(ConnectionError):
            self.writer.write(text)
            await self.writer.drain()

    async def drip(self, text: bytes) -> None:
        """Send something a byte at a time."""
        for n in range(len(text)):
            await self.say(text[n : n + 1])
            await asyncio.sleep(PAUSE_SECONDS)

    async def heard(self) -> bytes:
        """All that comes, until the other side ends the connection, in whatever way."""
        found = b""
        async with asyncio.timeout(120):
            try:
                while piece := await self.reader.read(65536):
                    found += piece
            except (ConnectionError, ssl.SSLError):
                pass
        return found


@cache
def trusting(ca: trustme.CA) -> ssl.SSLContext:
    """What trusts this authority, and no other."""
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ca.configure_trust(found)
    return found


@asynccontextmanager
async def connect(nginx: Nginx, ca: trustme.CA, source: str = "127.0.0.1") -> AsyncIterator[Client]:
    """A connection from one of this machine's own addresses."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", nginx.port, ssl=trusting(ca), server_hostname=HOST, local_addr=(source, 0)
    )
    try:
        yield Client(reader, writer)
    finally:
        writer.transport.abort()

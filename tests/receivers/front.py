"""The web server that stands in front of a receiver: it has the certificate, and may lose an answer."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import trustme


@dataclass
class Front:
    """Where it is, how many of the next answers get lost on their way back, and how many did."""

    url: str = ""
    losses: int = 0
    lost: int = 0


@asynccontextmanager
async def serve_front(ca: trustme.CA, port: int) -> AsyncIterator[Front]:
    """HTTPS at localhost in front of a port of this machine: one request a connection, answers without a body."""
    front = Front()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(tls)

    async def pass_on(client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        receiver, forward = await asyncio.open_connection("127.0.0.1", port)
        upwards = asyncio.create_task(_copy(client, forward))
        head = await receiver.readuntil(b"\r\n\r\n")
        if front.losses > 0:
            front.losses -= 1
            front.lost += 1
            back.transport.abort()
        else:
            back.write(head.removesuffix(b"\r\n") + b"connection: close\r\n\r\n")
            await back.drain()
            back.close()
        upwards.cancel()
        forward.close()

    server = await asyncio.start_server(pass_on, "127.0.0.1", 0, ssl=tls)
    front.url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
    try:
        yield front
    finally:
        server.close()
        await server.wait_closed()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await source.read(65536):
            target.write(piece)
            await target.drain()

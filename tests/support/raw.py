"""A raw server: what it writes is what the test says, byte for byte, on TLS or on plain TCP."""

import asyncio
import fcntl
import socket
import ssl
import struct
import termios
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import trustme

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def writes(answer: bytes) -> Behaviour:
    """Reads the request, writes these bytes and closes."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer)
        await writer.drain()

    return behave


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Read one request to its end; returns its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    (length,) = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return await reader.readexactly(int(length))


async def never_answers(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Reads until the client goes."""
    while await reader.read(65536):
        pass


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST, and not with FIN."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


def has_arrived(writer: asyncio.StreamWriter) -> bool:
    """Whether the client's kernel has all that was written, and what it has can be read."""
    waiting = fcntl.ioctl(writer.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
    return not any(waiting) and not writer.transport.get_write_buffer_size()


def server_tls(ca: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    """What a server with a good certificate for `name` uses."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(name).configure_cert(tls)
    return tls


@asynccontextmanager
async def serve_raw(behaviour: Behaviour, tls: ssl.SSLContext | None, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """Serve until left; yields the port.

    Args:
        tls: None for plain TCP.
    """
    open_tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_tasks.add(task)
        writers.append(writer)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await behaviour(reader, writer)
        writer.close()
        open_tasks.discard(task)

    server = await asyncio.start_server(connected, host, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(open_tasks):
            task.cancel()
        await asyncio.gather(*open_tasks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)

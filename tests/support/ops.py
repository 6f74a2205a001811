"""Ports for the ops endpoint of dispatchers under test, and what it answers."""

import asyncio
import http.client
import socket
from contextlib import ExitStack


def free_port(count: int = 1) -> int:
    """The first of so many ports of 127.0.0.1, one after the other, that nobody listens on at this moment."""
    while True:
        with ExitStack() as opened:
            first = _bind(opened, 0)
            try:
                for following in range(first + 1, first + count):
                    _bind(opened, following)
            except (OSError, OverflowError):  # taken, or beyond the last one
                continue
            return first


def _bind(opened: ExitStack, port: int) -> int:
    probe = opened.enter_context(socket.socket())
    probe.bind(("127.0.0.1", port))
    found = probe.getsockname()[1]
    assert isinstance(found, int)
    return found


async def status_of_readyz(port: int) -> int:
    """The status of /readyz at a port of this machine."""

    def ask() -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status
        finally:
            connection.close()

    return await asyncio.to_thread(ask)

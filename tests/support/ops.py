"""Ports for the ops endpoint of dispatchers under test, and what it answers."""

import asyncio
import http.client
import random
import socket
from contextlib import ExitStack

from dispatcher.demo.process import lowest_outgoing_port

_reserved = ExitStack()  # until the end of this process


def free_port(count: int = 1) -> int:
    """The first of so many ports of 127.0.0.1, one after the other, that nobody listens on, or will before the caller.

    They are below those that the kernel gives to outgoing connections, as one of these could take it in between; and
    each has an abstract Unix socket of its name, which keeps other test processes from it.
    """
    below = lowest_outgoing_port()
    while True:
        first = random.randrange(below // 2, below - count)
        with ExitStack() as sockets:
            try:
                for port in range(first, first + count):
                    sockets.enter_context(socket.socket(socket.AF_UNIX)).bind(f"\0outbound-webhooks-test-{port}")
                for port in range(first, first + count):
                    with socket.socket() as probe:
                        probe.bind(("127.0.0.1", port))
            except OSError:  # somebody else's
                continue
            _reserved.push(sockets.pop_all())
            return first


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

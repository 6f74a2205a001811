"""A name service of the tests' own, instead of socket.getaddrinfo.

Names under .hangs.test get no answer, each.private.test has a private address among its public ones, rebinds.test is
127.0.0.1 when it is asked for first and 127.0.0.2 after that, many.test has a thousand addresses. Everything else is
asked of the system. It imports nothing of ours: a dispatcher under test loads it through names_hook/sitecustomize.py.
"""

import socket
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

Found = list[tuple[Any, ...]]

HANGING = ".hangs.test"
PUBLIC = "93.184.216.34"


class Names:
    """What was asked for, and a way to let the names that hang answer after all."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.released = threading.Event()
        self._hanging = 0
        self._changed = threading.Condition()
        self._system: Callable[..., Found] = socket.getaddrinfo

    def getaddrinfo(self, host: str, port: object, *arguments: Any, **options: Any) -> Found:
        """Takes the place of socket.getaddrinfo."""
        self.asked[host] += 1
        if host.endswith(HANGING):
            with self._changed:
                self._hanging += 1
                self._changed.notify_all()
            self.released.wait()
            return _found("127.0.0.1")
        match host:
            case "private.test":
                return _found(PUBLIC, "10.0.0.1")
            case "rebinds.test":
                return _found("127.0.0.1" if self.asked[host] == 1 else "127.0.0.2")
            case "many.test":
                return _found(*(f"127.1.{n // 250}.{1 + n % 250}" for n in range(1000)))
            case _ if host.endswith(".test"):
                return _found("127.0.0.1")
        return self._system(host, port, *arguments, **options)

    def until_hanging(self, count: int) -> None:
        """Wait until so many look-ups hang."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._hanging >= count, timeout=60):
                raise TimeoutError(f"{self._hanging} look-ups hang, and not {count}")

    def install(self) -> None:
        """Take its place, in a process of its own."""
        socket.getaddrinfo = self.getaddrinfo  # type: ignore[assignment]


def _found(*addresses: str) -> Found:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]

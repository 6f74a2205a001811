"""Look-ups of names in threads of our own: a name that hangs costs a thread, and the other names nothing.

The system's resolver cannot be interrupted, and takes half a minute to give up a name server that is silent. So there
are more threads than one clinic has names, each name has one look-up at a time, and names that answered quickly when
they were asked last have threads that no other name can take.
"""

import asyncio
import errno
import math
import queue
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

TIMEOUT_SECONDS = 5.0  # how long a request waits for an address, at most; Smokescreen's figure, too
# A name that took longer when it was asked last is slow: 32 of those would leave no thread to the quick ones.
ANSWERING_SECONDS = 0.5
ANSWERING_THREADS = 32  # for names that answered within that when they were asked last
OTHER_THREADS = 128  # for all other names; a clinic has at most 50 endpoints as installed
REMEMBERED_NAMES = 10_000

Found = list[tuple[Any, ...]]  # as socket.getaddrinfo gives it


@dataclass(eq=False, slots=True)
class _Lookup:
    host: str
    family: int
    answer: "asyncio.Future[Found]"
    waiting: int = 0

    def ask(self) -> Found | Exception | None:
        """The answer, or what the resolver raised; None if nobody waits for it any more. In a thread."""
        if not self.waiting:
            return None
        try:
            return socket.getaddrinfo(self.host, None, family=self.family, type=socket.SOCK_STREAM)
        except MemoryError:
            return OSError(errno.ENOMEM, "no memory for a look-up")
        except Exception as error:  # it belongs to who waits; the thread has others to serve
            return error


class Lookups:
    """Asks for names on behalf of one event loop."""

    def __init__(self) -> None:
        self._answering = _Threads("dns-answering", ANSWERING_THREADS)
        self._others = _Threads("dns", OTHER_THREADS)
        self._under_way: dict[tuple[str, int], _Lookup] = {}
        self._answered: dict[str, None] = {}  # a set that knows its oldest member

    async def find(self, host: str, family: int, seconds: float) -> Found:
        """The addresses of a name.

        Args:
            family: a socket.AF_*.
            seconds: how long to wait.

        Raises:
            socket.gaierror: there is no such name, or no answer in time.
            OSError: no thread could be started, or there is no memory.
            ValueError: it cannot be a name.
        """
        lookup = self._under_way.get((host, family)) or self._begin(host, family)
        lookup.waiting += 1
        try:
            async with asyncio.timeout(seconds):
                # Shielded: it goes on for the others who wait for it.
                return await asyncio.shield(lookup.answer)
        except TimeoutError:
            raise socket.gaierror(socket.EAI_AGAIN, "the name service did not answer in time") from None
        finally:
            lookup.waiting -= 1

    def close(self) -> None:
        """End the threads; one that is in the middle of a look-up ends with the process."""
        self._answering.close()
        self._others.close()

    def _begin(self, host: str, family: int) -> _Lookup:
        lookup = _Lookup(host, family, asyncio.get_running_loop().create_future())
        self._submit(lookup)
        self._under_way[host, family] = lookup
        return lookup

    def _submit(self, lookup: _Lookup) -> None:
        (self._answering if lookup.host in self._answered else self._others).submit(lookup, self._done)

    def _done(self, lookup: _Lookup, outcome: Found | Exception | None, seconds: float) -> None:
        if outcome is None and lookup.waiting:  # somebody came after a thread had found nobody
            try:
                self._submit(lookup)
            except OSError as error:
                outcome, seconds = error, math.inf
            else:
                return
        del self._under_way[lookup.host, lookup.family]
        if outcome is None:
            return
        self._answered.pop(lookup.host, None)
        if seconds <= ANSWERING_SECONDS:
            self._answered[lookup.host] = None
            if len(self._answered) > REMEMBERED_NAMES:
                del self._answered[next(iter(self._answered))]
        if isinstance(outcome, Exception):
            lookup.answer.set_exception(outcome)
            lookup.answer.exception()  # noted, should everybody who asked have gone
        else:
            lookup.answer.set_result(outcome)


class _Threads:
    """Up to so many threads, each started when all others are busy.

    Not a ThreadPoolExecutor: the interpreter waits for its threads at exit, for half a minute if a name hangs.
    """

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._queue: queue.SimpleQueue[tuple[_Lookup, Any] | None] = queue.SimpleQueue()
        # Both are read and written in the loop's thread only.
        self._started = 0
        self._unfinished = 0

    def submit(self, lookup: _Lookup, done: Any) -> None:
        """Have a look-up done; then call `done(lookup, outcome, seconds)` in the loop's thread."""
        if self._unfinished >= self._started < self._most:
            self._start()
        self._unfinished += 1
        self._queue.put((lookup, done))

    def close(self) -> None:
        for _ in range(self._started):
            self._queue.put(None)

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        thread = threading.Thread(target=self._work, args=(loop,), name=f"{self._name}-{self._started}", daemon=True)
        try:
            thread.start()
        except (RuntimeError, MemoryError) as error:  # no more threads; those that run will do, if any does
            if not self._started:
                raise OSError(errno.ENOMEM, "no thread could be started") from error
        else:
            self._started += 1

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while (item := self._queue.get()) is not None:
            lookup, done = item
            began = time.monotonic()
            outcome = lookup.ask()
            try:
                loop.call_soon_threadsafe(self._finished, lookup, outcome, time.monotonic() - began, done)
            except RuntimeError:  # the loop is closed: nobody waits
                return

    def _finished(self, lookup: _Lookup, outcome: Found | Exception | None, seconds: float, done: Any) -> None:
        self._unfinished -= 1
        done(lookup, outcome, seconds)

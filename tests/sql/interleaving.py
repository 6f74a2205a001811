"""Two sessions in a named order: a call in the background, and waiting until it waits."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from tests.support.host import Host


def background() -> ThreadPoolExecutor:
    """Runs one call beside the test: `with background() as running: call = running.submit(function, *arguments)`."""
    return ThreadPoolExecutor(max_workers=1)


def until_blocked(observer: Host, session: Host, call: "Future[Any]", timeout: float = 60) -> None:
    """Wait until a session waits for a lock that another one holds; `call` is what it does there."""
    deadline = time.monotonic() + timeout
    pid = session.connection.info.backend_pid
    while not observer.value("select cardinality(pg_blocking_pids(%s)) > 0", pid):
        if call.done():
            raise AssertionError(f"it did not have to wait: {call.result()!r}")
        if time.monotonic() > deadline:
            raise TimeoutError("it neither waits nor ends")


def until(condition: Callable[[], bool], timeout: float = 60) -> None:
    """Wait until something is so that the server does by itself."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it does not come about")
        time.sleep(0.01)

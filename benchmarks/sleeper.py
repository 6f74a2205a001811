"""Somebody who sleeps and never wakes, so that every writer has to ring: NOTIFY as it would be without promises."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

RENEWED_AFTER_SECONDS = 1.0
LOOKS_AFTER_SECONDS = 0.2  # rings are taken in batches: receiving them must not become the cost that is measured
HEARD_WITHIN_SECONDS = 60


class Sleeper:
    """A session on LISTEN that promises to be asleep, again and again, as a dispatcher without work does."""

    def __init__(self, url: str) -> None:
        self.rings = 0
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute("listen outbound_webhooks")
        self._promise("9 seconds")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sleep, name="sleeper")
        self._thread.start()

    def wait_until_heard(self, rings: int) -> None:
        """Wait until so many rings have arrived.

        Raises:
            TimeoutError: fewer arrived, so not every writer rang.
        """
        deadline = time.monotonic() + HEARD_WITHIN_SECONDS
        while self.rings < rings:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise TimeoutError(f"{self.rings} of {rings} rings arrived")
            time.sleep(LOOKS_AFTER_SECONDS)

    def close(self) -> None:
        """Take the promise back and go."""
        self._stop.set()
        self._thread.join()
        self._promise("-1 second")
        self._connection.close()

    def _promise(self, interval: str) -> None:
        self._connection.execute("select outbound_webhooks.promise('asleep', %s)", [interval])

    def _sleep(self) -> None:
        renewed = time.monotonic()
        while not self._stop.wait(LOOKS_AFTER_SECONDS):
            self.rings += sum(1 for _ in self._connection.notifies(timeout=0))
            if time.monotonic() - renewed > RENEWED_AFTER_SECONDS:
                self._promise("9 seconds")
                renewed = time.monotonic()


@contextmanager
def somebody_sleeps(url: str) -> Iterator[Sleeper]:
    """As long as this lasts, every writer rings."""
    sleeper = Sleeper(url)
    try:
        yield sleeper
    finally:
        sleeper.close()

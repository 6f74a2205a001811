"""An observer that tests wait on: no test sleeps."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from dispatcher.telemetry.observations import Observation

T = TypeVar("T")


class Seen:
    """Remembers every observation of a dispatcher in this process."""

    def __init__(self) -> None:
        self.all: list[Observation] = []
        self._changed = asyncio.Event()

    def observe(self, observation: Observation) -> None:
        """What the dispatcher is given."""
        self.all.append(observation)
        self._changed.set()

    def of(self, kind: type[T]) -> list[T]:
        """Those of one kind, in order."""
        return [observation for observation in self.all if isinstance(observation, kind)]

    async def until(self, condition: Callable[[], bool], timeout: float = 60) -> None:
        """Wait until the condition holds; it is looked at after each observation.

        Raises:
            TimeoutError: with the observations so far.
        """
        try:
            async with asyncio.timeout(timeout):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(f"not within {timeout} s; seen: {self.all[-20:]}") from None

    async def count(self, kind: type[T], count: int = 1, timeout: float = 60) -> list[T]:
        """Wait for that many observations of a kind, and return them."""
        await self.until(lambda: len(self.of(kind)) >= count, timeout)
        return self.of(kind)

"""Waiting for what nobody tells of: the kernel's view of a process. Everything else is waited for as an event."""

import asyncio
from collections.abc import Callable

PAUSE_SECONDS = 0.02


async def holds(condition: Callable[[], bool], timeout: float = 60) -> None:
    """Return once the condition holds.

    Raises:
        TimeoutError: it does not.
    """
    async with asyncio.timeout(timeout):
        while True:
            if condition():
                return
            await asyncio.sleep(PAUSE_SECONDS)

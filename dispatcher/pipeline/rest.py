"""Pauses of the loops that run until they are cancelled."""

import asyncio


async def rest(seconds: float) -> None:
    """Sleep; or end, if the task was cancelled and something it called swallowed that.

    asyncio.wait_for of Python 3.11, which the connection pool waits by, drops a cancellation that arrives in the same
    moment as its result: a loop that trusts every cancellation to come through would run on, and hold up the shutdown.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
    await asyncio.sleep(seconds)

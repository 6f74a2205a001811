"""pipeline.lag: what holds the event loop is seen."""

import asyncio
import time

from dispatcher.pipeline.lag import EVERY_SECONDS, measure_lag
from dispatcher.telemetry.observations import LoopLagged, Observation


async def test_a_blocked_loop_is_seen() -> None:
    """What blocks the loop for longer than a timer takes makes one late, whenever it begins."""
    seen: asyncio.Queue[Observation] = asyncio.Queue()
    measuring = asyncio.create_task(measure_lag(seen.put_nowait))
    await seen.get()
    time.sleep(2 * EVERY_SECONDS)  # noqa: ASYNC251  # blocks on purpose
    lagged = await seen.get()
    measuring.cancel()

    assert isinstance(lagged, LoopLagged)
    assert lagged.seconds >= EVERY_SECONDS * 0.9

"""How late the event loop is: nothing else shows that one task keeps all the others waiting."""

import asyncio

from dispatcher.pipeline.rest import rest
from dispatcher.telemetry.observations import LoopLagged, Observe

# A timer sees what holds the loop while it is due: of what takes a tenth of this, every tenth time.
EVERY_SECONDS = 0.25


async def measure_lag(observe: Observe) -> None:
    """Set a timer again and again, until cancelled, and tell how late each was."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + EVERY_SECONDS
        await rest(EVERY_SECONDS)
        observe(LoopLagged(max(loop.time() - due, 0.0)))

"""What the leader does again and again, each in a task of its own, so that none waits for another."""

from collections.abc import Awaitable, Callable

import psycopg

from dispatcher.db import RightsMissing, error_text
from dispatcher.pipeline.heartbeat import Heartbeat
from dispatcher.pipeline.rest import rest
from dispatcher.telemetry.observations import DatabaseTrouble, MaintenanceHindered, Observe


async def while_leading(
    heartbeat: Heartbeat, task: str, work: Callable[[], Awaitable[None]], pause: float, observe: Observe
) -> None:
    """Work, and pause, until cancelled; a dispatcher that does not lead only pauses."""
    while True:
        if heartbeat.leading:
            try:
                await work()
            except RightsMissing as error:
                observe(MaintenanceHindered(task, str(error)))
            except (psycopg.Error, OSError) as error:
                observe(DatabaseTrouble(task, error_text(error)))
        await rest(pause)

"""Beginning to deliver: what waited while nobody did is treated as chosen, before this dispatcher claims anything."""

import psycopg

from dispatcher.db import Pool, error_text
from dispatcher.pipeline.heartbeat import Heartbeat
from dispatcher.pipeline.rest import rest
from dispatcher.telemetry.observations import BacklogTreated, DatabaseTrouble, Observe

AGAIN_AFTER_SECONDS = 1.0
# Somebody else works on what waits, and the server chose this one to give way.
_GAVE_WAY = (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable)


class Beginning:
    """Asked before each claim: at the start, and when this dispatcher was cut off until delivery counted as off."""

    def __init__(self, pool: Pool, heartbeat: Heartbeat, backlog: str, rate: int, observe: Observe) -> None:
        self._pool = pool
        self._heartbeat = heartbeat
        self._backlog = backlog
        self._rate = rate
        self._observe = observe

    async def ready(self) -> None:
        """Return once the heartbeat is recent, and delivery counts as on.

        Raises:
            psycopg.Error, OSError: the database cannot be asked, or refuses.
        """
        if self._heartbeat.overdue:
            await self._heartbeat.beat()
        while not self._heartbeat.delivery_is_on:
            try:
                await self._begin()
            except _GAVE_WAY as error:
                self._observe(DatabaseTrouble("begin", error_text(error)))
                await rest(AGAIN_AFTER_SECONDS)

    async def _begin(self) -> None:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "select outbound_webhooks.begin_delivery(%s, %s)", (self._backlog, self._rate)
            )
            row = await cursor.fetchone()
        self._heartbeat.delivery_is_on = True
        if row is not None and row[0]:
            self._observe(BacklogTreated(self._backlog, row[0], self._rate))

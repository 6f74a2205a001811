"""Being there: registration, heartbeat, leadership; and the end, if this is not the database to deliver from."""

import asyncio

import psycopg

from dispatcher.db import Pool, error_text
from dispatcher.pipeline.rest import rest
from dispatcher.telemetry.observations import DatabaseTrouble, Disarmed, LeadershipChanged, Observe

HEARTBEAT_SECONDS = 5.0  # 15 s without one, and the leases of this dispatcher are free (40_claim_deliveries.sql)
# What heartbeat() raises if this database is not, or not any more, one to deliver from. Claims find nothing in it.
_REFUSED = (psycopg.errors.ObjectNotInPrerequisiteState, psycopg.errors.NoDataFound)


async def register(pool: Pool, name: str, version: str, *, delivering: bool, environment: str | None) -> int:
    """Register this dispatcher; returns its id, the owner of its leases.

    Raises:
        psycopg.errors.ObjectNotInPrerequisiteState: it would deliver, and the database is not armed for that.
    """
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "select outbound_webhooks.register_dispatcher(%s, %s, %s, %s)", (name, version, delivering, environment)
        )
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


class Heartbeat:
    """Renews the heartbeat; `leading` says whether this dispatcher does the maintenance."""

    def __init__(self, pool: Pool, dispatcher_id: int, observe: Observe, stop: asyncio.Event) -> None:
        self.leading = False
        self.refused: psycopg.Error | None = None  # why it asked for a stop
        self._pool = pool
        self._dispatcher_id = dispatcher_id
        self._observe = observe
        self._stop = stop

    async def run(self) -> None:
        """Beat until cancelled, or refused: then ask for a stop in good order."""
        while True:
            try:
                await self.beat()
            except _REFUSED as error:
                self._lead(False)
                self.refused = error
                self._observe(Disarmed(error_text(error)))
                self._stop.set()
                return
            except (psycopg.Error, OSError) as error:
                self._lead(False)  # unsure: another one may lead by now
                self._observe(DatabaseTrouble("heartbeat", error_text(error)))
            await rest(HEARTBEAT_SECONDS)

    async def beat(self) -> None:
        """Renew the heartbeat once, and try for the leadership."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute("select outbound_webhooks.heartbeat(%s)", (self._dispatcher_id,))
            row = await cursor.fetchone()
        self._lead(row is not None and bool(row[0]))

    async def stop(self) -> None:
        """Say good-bye: leadership, and leases if any are left, are free at once."""
        async with self._pool.connection() as connection:
            await connection.execute("select outbound_webhooks.stop_dispatcher(%s)", (self._dispatcher_id,))
        self._lead(False)

    def _lead(self, leading: bool) -> None:
        if leading != self.leading:
            self.leading = leading
            self._observe(LeadershipChanged(leading))

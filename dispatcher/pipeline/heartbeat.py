"""Being there: registration, heartbeat, leadership; and the end, if this is not the database to deliver from."""

import asyncio
import time

import psycopg

from dispatcher.db import Pool, error_text
from dispatcher.pipeline.rest import rest
from dispatcher.telemetry.observations import DatabaseTrouble, Disarmed, LeadershipChanged, Observe

HEARTBEAT_SECONDS = 5.0  # 15 s without one, and the leases of this dispatcher are free (56_free_leases.sql)
OVERDUE_SECONDS = 10.0
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
    """Renews the heartbeat.

    Attributes:
        leading: whether this dispatcher does the maintenance.
        delivery_is_on: whether delivery counted as turned on (settings.delivering) at the last heartbeat.
        refused: why it asked for a stop.
    """

    def __init__(self, pool: Pool, dispatcher_id: int, observe: Observe, stop: asyncio.Event) -> None:
        self.leading = False
        self.delivery_is_on = False
        self.refused: psycopg.Error | None = None
        self._pool = pool
        self._dispatcher_id = dispatcher_id
        self._observe = observe
        self._stop = stop
        self._beat_at = float("-inf")

    @property
    def overdue(self) -> bool:
        """Whether this process was frozen or cut off: much may have happened since the last heartbeat."""
        return time.monotonic() - self._beat_at > OVERDUE_SECONDS

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
        """Renew the heartbeat once, and try for the leadership; then look whether delivery counts as turned on."""
        asked_at = time.monotonic()
        async with self._pool.connection() as connection:
            cursor = await connection.execute("select outbound_webhooks.heartbeat(%s)", (self._dispatcher_id,))
            row = await cursor.fetchone()
            # A statement of its own, which sees what the heartbeat had to wait for.
            cursor = await connection.execute("select s.delivering from outbound_webhooks.settings as s")
            settings = await cursor.fetchone()
        self._beat_at = asked_at
        self.delivery_is_on = settings is not None and bool(settings[0])
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

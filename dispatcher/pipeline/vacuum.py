"""VACUUM of the tables whose rows change all the time, by the leader, while there is load.

Autovacuum comes once a minute, and dead rows make claims slow before that. What is quiet is left to it: it vacuums
deliveries from 2,000 dead rows on, and gives back empty pages at the table's end, for which writers wait a little.
"""

import time
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import AsyncConnection, sql

from dispatcher.db import Connect, RightsMissing
from dispatcher.pipeline.heartbeat import Heartbeat
from dispatcher.pipeline.leading import while_leading
from dispatcher.telemetry.observations import Observe, TableVacuumed

TABLES = ("deliveries", "endpoint_flow")
LOOK_SECONDS = 2.0
DEAD_ROWS = 5000
SHORTEST_PAUSE = 5.0
LONGEST_PAUSE = 300.0
PAUSE_WITHOUT_RIGHTS = 3600.0  # autovacuum goes on; this is worth a line an hour
LEAST_REST = 4.0  # times as long as the last VACUUM took: a fifth of one processor at most

_DEAD: LiteralString = """
    select s.relname::text, s.n_dead_tup
    from pg_stat_user_tables as s
    where s.schemaname = 'outbound_webhooks' and s.relname = any(%s)
"""


@dataclass
class Pace:
    """When a table may be vacuumed again: ever more seldom while a transaction keeps its dead rows."""

    pause: float = SHORTEST_PAUSE
    not_before: float = float("-inf")

    def is_due(self, dead: int, now: float) -> bool:
        """Whether it is worth it."""
        return dead >= DEAD_ROWS and now >= self.not_before

    def vacuumed(self, dead: int, left: int, now: float, seconds: float) -> None:
        """Learn from a VACUUM that took `seconds` until `now`."""
        useful = left <= dead / 2
        self.pause = SHORTEST_PAUSE if useful else min(2 * self.pause, LONGEST_PAUSE)
        self.not_before = now + max(self.pause, LEAST_REST * seconds)


class Vacuum:
    """Looks for dead rows, and removes them. It blocks nobody, and waits for nobody."""

    def __init__(self, connect: Connect, owner: Connect, observe: Observe) -> None:
        """Prepare.

        Args:
            connect: opens a connection that may read statistics.
            owner: opens one that works as the owner of the tables; it is opened only if there is something to remove.
            observe: is told what was removed.
        """
        self._connect = connect
        self._owner = owner
        self._observe = observe
        self._paces = {table: Pace() for table in TABLES}

    async def run(self, heartbeat: Heartbeat) -> None:
        """Work until cancelled, while leading."""
        await while_leading(heartbeat, "vacuum", self.round, LOOK_SECONDS, self._observe)

    async def round(self) -> None:
        """Vacuum what is due.

        Raises:
            RightsMissing: something is due, and the login may not work as the owner.
            psycopg.Error, OSError: the database could not be reached, or broke off.
        """
        async with self._connect() as connection:
            dead = await _dead_rows(connection)
        due = [table for table in TABLES if self._paces[table].is_due(dead.get(table, 0), time.monotonic())]
        if not due:
            return
        try:
            async with self._owner() as owner:
                for table in due:
                    await self._vacuum(owner, table, dead[table])
        except RightsMissing:
            for table in due:
                self._paces[table].not_before = time.monotonic() + PAUSE_WITHOUT_RIGHTS
            raise

    async def _vacuum(self, owner: AsyncConnection[Any], table: str, dead: int) -> None:
        started = time.monotonic()
        # A lock that somebody holds (autovacuum, perhaps) is not waited for; truncating would lock writers out.
        await owner.execute(
            sql.SQL("vacuum (skip_locked, truncate false, parallel 0) {}").format(
                sql.Identifier("outbound_webhooks", table)
            )
        )
        ended = time.monotonic()
        left = (await _dead_rows(owner)).get(table, 0)
        self._paces[table].vacuumed(dead, left, ended, ended - started)
        self._observe(TableVacuumed(table, dead, left, ended - started))


async def _dead_rows(connection: AsyncConnection[Any]) -> dict[str, int]:
    cursor = await connection.execute(_DEAD, (list(TABLES),))
    return {str(name): int(count) for name, count in await cursor.fetchall()}

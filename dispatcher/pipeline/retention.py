"""Retention: partitions whose days are over go, and old rows of the small tables. By the leader, or by hand.

DETACH ... CONCURRENTLY lets no writer and no reader wait, but PostgreSQL runs it in no function and no transaction, and
for the owner only: so it is done from here, in autocommit, on a connection of its own (docs/adr/0010). What one round
leaves half done, the next one finds by its mark and finishes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection, sql

from dispatcher.db import Connect, error_text
from dispatcher.pipeline.heartbeat import Heartbeat
from dispatcher.pipeline.leading import while_leading
from dispatcher.telemetry.observations import (
    MaintenanceHindered,
    Observe,
    PartitionDropped,
    PartitionKept,
    RetentionFinished,
    RowsPurged,
)

ROUND_SECONDS = 600.0
PURGE_BATCH = 1000

# Events last, when what refers to them is gone; and what is half done first: a table has one of them at a time.
_GOES: LiteralString = """
    select parent, partition, state, bytes
    from outbound_webhooks.retention_plan(coalesce(%s, clock_timestamp()))
    where goes
    order by parent = 'events', parent, state = 'attached', day
"""
_ONLY_ONE: LiteralString = "select pg_try_advisory_lock(hashtextextended('outbound_webhooks.retention', 0))"
_PURGE: LiteralString = "select name, purged from outbound_webhooks.purge_rows(coalesce(%s, clock_timestamp()), %s)"


@dataclass(frozen=True, slots=True)
class _Partition:
    """A partition that goes: attached, detaching (a DETACH was cut short), or detached and not yet dropped."""

    parent: str
    name: str
    state: str
    bytes: int


class Retention:
    """Drops and purges. Two at once do no harm: only one of them drops."""

    def __init__(self, connect: Connect, owner: Connect, observe: Observe) -> None:
        """Prepare a round.

        Args:
            connect: opens a connection that may read the plan and purge rows.
            owner: opens one that works as the owner; it is opened only if a partition goes.
            observe: is told what became of what.
        """
        self._connect = connect
        self._owner = owner
        self._observe = observe

    async def run(self, heartbeat: Heartbeat) -> None:
        """Work until cancelled, while leading."""
        await while_leading(heartbeat, "retention", self.round, ROUND_SECONDS, self._observe)

    async def round(self, now: datetime | None = None) -> None:
        """One round of everything whose days are over at `now` (of the server's clock, by default).

        Raises:
            RightsMissing: a partition has to go, and the login may not work as the owner.
            psycopg.Error, OSError: the database could not be reached, or broke off.
        """
        async with self._connect() as connection:
            await self._purge(connection, now)
            left = len(await _going(connection, now))
        try:
            if left:
                async with self._owner() as owner:
                    left = await self._drop_all(owner, now)
        finally:
            self._observe(RetentionFinished(left))

    async def _purge(self, connection: AsyncConnection[Any], now: datetime | None) -> None:
        purged: dict[str, int] = {}
        more = True
        while more:
            cursor = await connection.execute(_PURGE, (now, PURGE_BATCH))
            batch = {str(name): int(count) for name, count in await cursor.fetchall()}
            purged = {name: purged.get(name, 0) + count for name, count in batch.items()}
            more = PURGE_BATCH in batch.values()
        for name, count in purged.items():
            if count:
                self._observe(RowsPurged(name, count))

    async def _drop_all(self, owner: AsyncConnection[Any], now: datetime | None) -> int:
        """Drop what goes, one after the other; returns how many partitions could not be dropped."""
        cursor = await owner.execute(_ONLY_ONE)
        is_the_only_one = await cursor.fetchone() == (True,)
        going = await _going(owner, now)
        if not is_the_only_one:
            self._observe(MaintenanceHindered("retention", "another session is at it"))
            return len(going)
        left = 0
        stuck: set[str] = set()
        for partition in going:
            # Of a table with a half-done DETACH no other partition can be detached; and no event goes before what
            # refers to it.
            if partition.parent in stuck or (partition.parent == "events" and stuck):
                left += 1
                continue
            try:
                await self._drop(owner, partition)
            except psycopg.Error as error:
                if owner.broken:
                    raise
                self._observe(PartitionKept(partition.parent, partition.name, error_text(error)))
                stuck.add(partition.parent)
                left += 1
        return left

    async def _drop(self, owner: AsyncConnection[Any], partition: _Partition) -> None:
        if partition.state == "attached":
            await owner.execute("select outbound_webhooks.begin_drop(%s)", (partition.name,))
        if partition.state != "detached":
            await owner.execute(
                sql.SQL("alter table {} detach partition {} {}").format(
                    sql.Identifier("outbound_webhooks", partition.parent),
                    sql.Identifier("outbound_webhooks", partition.name),
                    sql.SQL("concurrently" if partition.state == "attached" else "finalize"),
                )
            )
        cursor = await owner.execute("select outbound_webhooks.drop_partition(%s)", (partition.name,))
        if await cursor.fetchone() == (True,):
            self._observe(PartitionDropped(partition.name, partition.bytes))
        else:
            reason = "a delivery came to refer to an event in it while it was being detached"
            self._observe(PartitionKept(partition.parent, partition.name, reason))


async def _going(connection: AsyncConnection[Any], now: datetime | None) -> list[_Partition]:
    cursor = await connection.execute(_GOES, (now,))
    return [_Partition(*row) for row in await cursor.fetchall()]

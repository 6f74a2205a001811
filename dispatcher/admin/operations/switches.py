"""The switches of the platform: capture, for all and for each watched table, and delivery."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, LiteralString

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row
from pydantic import Field

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.transaction import of_visit
from dispatcher.db import Pool


@dataclass(frozen=True)
class Switch:
    """A switch: since when it is as it is, by whom and why."""

    switch: Literal["capture", "delivery"]
    source: Annotated[str | None, Field(description="Of this watched table; null: the switch for all.")]
    is_on: bool
    since: datetime
    changed_by: str
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class DeliverySwitch(Switch):
    """The switch of delivery."""

    waited: Annotated[int, Field(description="Deliveries that waited, and are due again, little by little.")]


async def switch_capture(pool: Pool, visit: Visit, source: str | None, is_on: bool, reason: str) -> Switch:
    """Turn capture on or off, for one watched table or for all (None).

    Raises:
        psycopg.errors.NoDataFound: there is no such source.
    """
    async with of_visit(pool, visit) as connection:
        await _find(connection, "capture", source)
        await connection.execute("select outbound_webhooks.set_capture(%s, %s, %s)", (is_on, source, reason))
        return await _find(connection, "capture", source)


async def switch_delivery(pool: Pool, visit: Visit, is_on: bool, reason: str, rate: int) -> DeliverySwitch:
    """Turn delivery on or off, for all dispatchers.

    Args:
        rate: on: of what waited, so many deliveries a second.
    """
    async with of_visit(pool, visit) as connection:
        cursor = await connection.execute("select outbound_webhooks.set_delivery(%s, %s, %s)", (is_on, reason, rate))
        row = await cursor.fetchone()
        assert row is not None
        return DeliverySwitch(**vars(await _find(connection, "delivery", None)), waited=row[0])


async def find_switch(pool: Pool, visit: Visit, switch: str, source: str | None) -> Switch:
    """How a switch is.

    Raises:
        psycopg.errors.NoDataFound: there is no such switch.
    """
    async with of_visit(pool, visit) as connection:
        return await _find(connection, switch, source)


async def read_switches(connection: AsyncConnection[TupleRow]) -> list[Switch]:
    """All of them: those for all first."""
    async with connection.cursor(row_factory=class_row(Switch)) as cursor:
        await cursor.execute(_SWITCHES)
        return await cursor.fetchall()


async def _find(connection: AsyncConnection[TupleRow], switch: str, source: str | None) -> Switch:
    for found in await read_switches(connection):
        if (found.switch, found.source) == (switch, source):
            return found
    raise psycopg.errors.NoDataFound("there is no such switch")


_SWITCHES: LiteralString = """
    select w.switch, w.source, w.is_on, w.since, w.changed_by, w.reason
    from (
        select
            1, 'delivery', null, g.delivery, g.delivery_changed_at, g.delivery_changed_by, g.delivery_reason
        from outbound_webhooks.settings as g
        union all
        select 2, 'capture', null, g.capture, g.capture_changed_at, g.capture_changed_by, g.capture_reason
        from outbound_webhooks.settings as g
        union all
        select 3, 'capture', s.name, s.capture, s.capture_changed_at, s.capture_changed_by, s.capture_reason
        from outbound_webhooks.event_sources as s
    ) as w (n, switch, source, is_on, since, changed_by, reason)
    order by w.n, w.source"""

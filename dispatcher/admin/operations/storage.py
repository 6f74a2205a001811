"""How much room everything takes, which days there are partitions for, and how long what is kept."""

from dataclasses import dataclass
from typing import Annotated, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row, scalar_row
from pydantic import Field

DAY = {"format": "date"}


@dataclass(frozen=True)
class Partitions:
    """The daily partitions of a table."""

    table: str
    partitions: int
    oldest: Annotated[str, Field(json_schema_extra=DAY)]
    newest: Annotated[str, Field(json_schema_extra=DAY)]
    bytes: Annotated[int, Field(description="With their indexes.")]
    going: Annotated[int, Field(description="Their days are over: retention drops them when it comes by.")]
    kept_on: Annotated[int, Field(description="Their days are over, and something keeps them.")]
    kept_by: Annotated[str | None, Field(description="What keeps the oldest of these.")]


@dataclass(frozen=True)
class TableSize:
    """A table, and how large it is."""

    table: str
    bytes: Annotated[int, Field(description="With its indexes.")]


@dataclass(frozen=True)
class Retention:
    """After how many days what is removed."""

    events: int
    finished: Annotated[int, Field(description="Deliveries that succeeded or were cancelled.")]
    dead: int
    attempts: int
    ledger: Annotated[int, Field(description="After it was recaptured; what is open is kept.")]
    secrets: Annotated[int, Field(description="After they are no longer valid; portal sessions, too.")]
    statistics: int
    audit: Annotated[int | None, Field(description="Null: for ever.")]


@dataclass(frozen=True)
class Storage:
    """What is kept, for how long, and how much that is."""

    days_ahead: Annotated[int, Field(description="For so many days after today there are partitions; -1: not today.")]
    partitions: list[Partitions]
    tables: Annotated[list[TableSize], Field(description="The others, the largest first.")]
    total_bytes: int
    retention: Retention


async def read_storage(connection: AsyncConnection[TupleRow]) -> Storage:
    """Sizes as the catalog and the file system have them; no table is read."""
    async with connection.cursor(row_factory=class_row(Partitions)) as cursor:
        partitions = await (await cursor.execute(_PARTITIONS)).fetchall()
    async with connection.cursor(row_factory=class_row(TableSize)) as cursor:
        tables = await (await cursor.execute(_TABLES)).fetchall()
    async with connection.cursor(row_factory=class_row(Retention)) as cursor:
        retention = await (await cursor.execute(_RETENTION)).fetchone()
    async with connection.cursor(row_factory=scalar_row) as cursor:
        ahead = await (await cursor.execute("select outbound_webhooks.partition_days_ahead()")).fetchone()
    assert retention is not None
    assert ahead is not None
    total = sum(one.bytes for one in partitions) + sum(one.bytes for one in tables)
    return Storage(ahead, partitions, tables, total, retention)


_PARTITIONS: LiteralString = """
    select
        p.parent as table,
        count(*) as partitions,
        min(p.day)::text as oldest,
        max(p.day)::text as newest,
        sum(p.bytes)::bigint as bytes,
        count(*) filter (where p.goes) as going,
        count(*) filter (where p.is_over and not p.goes) as kept_on,
        (array_agg(p.reason order by p.day) filter (where p.is_over and not p.goes))[1] as kept_by
    from outbound_webhooks.retention_plan() as p
    group by p.parent
    order by p.parent"""
_TABLES: LiteralString = """
    select c.relname::text as table, pg_total_relation_size(c.oid) as bytes
    from pg_class as c
    where c.relnamespace = 'outbound_webhooks'::regnamespace
        and c.relkind = 'r'
        and not c.relispartition
        and c.relname !~ '_[0-9]{8}$' -- detached, to be dropped
    order by bytes desc, c.relname"""
_RETENTION: LiteralString = """
    select
        g.events_keep_days as events, g.finished_keep_days as finished, g.dead_keep_days as dead,
        g.attempts_keep_days as attempts, g.ledger_keep_days as ledger, g.secrets_keep_days as secrets,
        g.statistics_keep_days as statistics, g.audit_keep_days as audit
    from outbound_webhooks.settings as g"""

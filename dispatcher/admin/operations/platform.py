"""The platform: who sends, what is switched on, what waits, what is in trouble, and how much room it all takes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, LiteralString, TypeVar

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row
from pydantic import Field

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.backlog import Backlog, read_backlog
from dispatcher.admin.operations.storage import Storage, read_storage
from dispatcher.admin.operations.switches import Switch, read_switches
from dispatcher.admin.operations.transaction import of_visit
from dispatcher.admin.operations.troubles import Troubles, read_troubles
from dispatcher.db import Pool

T = TypeVar("T")


@dataclass(frozen=True)
class Dispatcher:
    """A dispatcher that was there within the last day, or that still has leases."""

    dispatcher_id: int
    name: str
    version: str
    environment: str | None
    delivering: Annotated[bool, Field(description="Whether it claims and sends.")]
    state: Annotated[
        Literal["alive", "stopped", "dead"],
        Field(description="stopped: it ended in good order. dead: it said nothing for 15 seconds."),
    ]
    is_leader: Annotated[bool, Field(description="Whether it does the maintenance.")]
    in_flight: int
    started_at: datetime
    heartbeat_at: datetime
    heartbeat_age_seconds: float
    stopped_at: datetime | None


@dataclass(frozen=True)
class Arming:
    """For whose dispatchers the database is armed."""

    environment: Annotated[str | None, Field(description="Null: it is armed for none, and nothing is sent.")]
    database: Annotated[str | None, Field(description="Its name when it was armed.")]
    armed_at: datetime | None
    armed_by: str | None
    refusal: Annotated[str | None, Field(description="Why nothing is sent from here all the same: it is a copy, ...")]


@dataclass(frozen=True)
class WatchedTable:
    """A watched table, and whether its changes are captured."""

    source: str
    relation: str
    resource: str
    is_strict: Annotated[bool, Field(description="Whether a write fails whose change cannot be captured.")]
    is_capturing: bool
    insert_trigger: Annotated[str | None, Field(description="enabled, disabled, replica-only or missing; null: none.")]
    update_trigger: str | None
    captured_at: Annotated[
        datetime | None, Field(description="Its newest event; null: none of the newest 1,000 is one of its.")
    ]
    ledger_open: Annotated[int, Field(description="Changes that could not be captured, and wait for recapture.")]
    ledger_oldest: datetime | None


@dataclass(frozen=True)
class PlatformState:
    """How the platform is doing. What waits and what is in trouble is of the clinic that the request names, if any."""

    armed: Arming
    switches: list[Switch]
    dispatchers: list[Dispatcher]
    sources: list[WatchedTable]
    backlog: Backlog
    troubles: Troubles
    storage: Storage


async def show_platform(pool: Pool, visit: Visit) -> PlatformState:
    """How things are. It reads what is live, small tables and the catalog; never finished deliveries or attempts."""
    async with of_visit(pool, visit) as connection:
        await connection.execute(NOT_FOR_LONG)
        (armed,) = await _rows(connection, Arming, _ARMING)
        return PlatformState(
            armed=armed,
            switches=await read_switches(connection),
            dispatchers=await _rows(connection, Dispatcher, _DISPATCHERS),
            sources=await _rows(connection, WatchedTable, _SOURCES),
            backlog=await read_backlog(connection, visit.clinic_id),
            troubles=await read_troubles(connection, visit.clinic_id),
            storage=await read_storage(connection),
        )


async def source_names(pool: Pool, visit: Visit) -> list[str]:
    """The watched tables, by the names of their event sources."""
    async with of_visit(pool, visit) as connection:
        cursor = await connection.execute("select s.name from outbound_webhooks.event_sources as s order by s.name")
        return [row[0] for row in await cursor.fetchall()]


@dataclass(frozen=True)
class Finding:
    """What the doctor has to say."""

    severity: Literal["problem", "warning", "note"]
    code: str
    subject: str
    finding: str
    remedy: str


async def examine(pool: Pool, visit: Visit) -> list[Finding]:
    """What is wrong, or worth knowing, as far as the database can tell; the worst first."""
    async with of_visit(pool, visit) as connection:
        await connection.execute(NOT_FOR_LONG)
        return await _rows(connection, Finding, _FINDINGS)


async def _rows(connection: AsyncConnection[TupleRow], kind: type[T], statement: LiteralString) -> list[T]:
    async with connection.cursor(row_factory=class_row(kind)) as cursor:
        await cursor.execute(statement)
        return await cursor.fetchall()


# Until the end of the transaction. A partition that is being dropped, or a full disk, keeps nobody waiting.
NOT_FOR_LONG: LiteralString = (
    "select set_config('lock_timeout', '2s', true), set_config('statement_timeout', '10s', true)"
)
_ARMING: LiteralString = """
    select
        g.armed_environment as environment, g.armed_database as database, g.armed_at, g.armed_by,
        case
            when g.armed_at is not null then outbound_webhooks.why_unarmed(g.armed_environment)
        end as refusal
    from outbound_webhooks.settings as g"""
_DISPATCHERS: LiteralString = """
    select
        v.dispatcher_id, v.name, v.version, v.environment, v.delivering, v.state, v.is_leader, v.in_flight,
        v.started_at, v.heartbeat_at, v.heartbeat_age_seconds, v.stopped_at
    from outbound_webhooks.stat_dispatchers as v
    order by array_position(array['dead', 'alive', 'stopped'], v.state), v.name, v.dispatcher_id
    limit 200"""
_SOURCES: LiteralString = """
    select
        v.source, v.relation, v.resource, v.is_strict, v.is_capturing, v.insert_trigger, v.update_trigger,
        v.captured_at, v.ledger_open, v.ledger_oldest
    from outbound_webhooks.stat_sources as v
    order by v.source"""
_FINDINGS: LiteralString = """
    select d.severity, d.code, d.subject, d.finding, d.remedy
    from outbound_webhooks.settings as g
    cross join outbound_webhooks.doctor(g.armed_environment) as d"""

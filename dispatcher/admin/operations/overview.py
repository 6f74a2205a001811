"""How things are: counts of now and of the last day."""

from dataclasses import dataclass
from typing import Annotated, LiteralString, TypeVar

from psycopg import AsyncConnection
from psycopg.rows import BaseRowFactory, TupleRow, class_row, scalar_row
from pydantic import Field

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.transaction import of_clinic, without_jit
from dispatcher.db import Pool

T = TypeVar("T")


@dataclass(frozen=True)
class EndpointCounts:
    """Endpoints that are not retired, by their state."""

    active: int
    failing: Annotated[int, Field(description="Active ones whose last attempt failed, or whose breaker is not closed.")]
    paused: int
    disabled: int


@dataclass(frozen=True)
class LiveDeliveries:
    """Deliveries that are not finished."""

    pending: Annotated[int, Field(description="They wait for their turn or their time.")]
    due: Annotated[int, Field(description="Those of them whose time has come.")]
    oldest_due_seconds: Annotated[float, Field(description="How long ago that of the first of these came; 0: none.")]
    in_flight: int
    parked: Annotated[int, Field(description="Kept until their endpoint is resumed, or its breaker closes.")]


@dataclass(frozen=True)
class LastDay:
    """What became of attempts and deliveries in this hour, by the clock of UTC, and the 23 before."""

    attempts: int
    succeeded: int
    failed: int
    lost: Annotated[int, Field(description="Nobody knows their answer.")]
    success_rate: Annotated[float | None, Field(description="Of attempts whose answer is known; null: there is none.")]
    delivered: int
    dead: int
    cancelled: int


@dataclass(frozen=True)
class Platform:
    """What is not of one clinic."""

    capture: Annotated[bool, Field(description="The capture switch for all.")]
    delivery: Annotated[bool, Field(description="The delivery switch for all.")]
    armed_environment: Annotated[str | None, Field(description="For whose dispatchers the database is armed.")]
    dispatchers: Annotated[int, Field(description="Those that live.")]
    delivering: Annotated[int, Field(description="Those of them that claim and send.")]
    sources: Annotated[int, Field(description="Watched tables.")]
    capturing: Annotated[int, Field(description="Those of them whose changes are captured.")]
    ledger_open: Annotated[int, Field(description="Changes that could not be captured, and wait for recapture.")]
    partition_days_ahead: int


@dataclass(frozen=True)
class Overview:
    """How things are, at a clinic or everywhere."""

    endpoints: EndpointCounts
    deliveries: LiveDeliveries
    last_day: LastDay
    running_replays: int
    platform: Annotated[Platform | None, Field(description="For an operator who names no clinic.")]


async def show_overview(pool: Pool, visit: Visit, last_day: LastDay | None = None) -> Overview:
    """Counts of a clinic; of all, and what is the platform's, if the visit is about none.

    It reads what is live and the hours of statistics, never finished deliveries or attempts.

    Args:
        last_day: who has read the hours already does not have them read again.
    """
    async with of_clinic(pool, visit) as connection:
        await without_jit(connection)
        ask = _Asking(connection, visit.clinic_id)
        return Overview(
            endpoints=await ask.for_row(class_row(EndpointCounts), _ENDPOINTS, _OF_ENDPOINTS),
            deliveries=await ask.for_row(class_row(LiveDeliveries), _DELIVERIES, _OF_ENDPOINTS),
            last_day=await ask.for_row(class_row(LastDay), _LAST_DAY, _OF_HOURS) if last_day is None else last_day,
            running_replays=await ask.for_row(scalar_row, _RUNNING, _OF_REPLAYS),
            platform=await ask.for_row(class_row(Platform), _PLATFORM, "") if visit.clinic_id is None else None,
        )


@dataclass(frozen=True)
class _Asking:
    connection: AsyncConnection[TupleRow]
    clinic_id: str | None

    async def for_row(self, factory: BaseRowFactory[T], statement: LiteralString, of_clinic: LiteralString) -> T:
        """The only row of a statement; `of_clinic` is added to it for one clinic."""
        if self.clinic_id is not None:
            statement += of_clinic
        async with self.connection.cursor(row_factory=factory) as cursor:
            await cursor.execute(statement, {"clinic_id": self.clinic_id})
            row = await cursor.fetchone()
        assert row is not None
        return row


_OF_ENDPOINTS: LiteralString = " and e.clinic_id = %(clinic_id)s"
_OF_REPLAYS: LiteralString = " and r.clinic_id = %(clinic_id)s"
_OF_HOURS: LiteralString = (
    " and h.endpoint_id in (select e.id from outbound_webhooks.endpoints as e where e.clinic_id = %(clinic_id)s)"
)

# Each ends with its conditions, so that the clinic's can be added: the plan for one clinic reads nothing of the others.
_RUNNING: LiteralString = "select count(*) from outbound_webhooks.replays as r where r.state = 'running'"
_ENDPOINTS: LiteralString = """
    select
        count(*) filter (where e.state = 'active') as active,
        count(*) filter (where e.state = 'active' and (f.failures > 0 or f.breaker <> 'closed')) as failing,
        count(*) filter (where e.state = 'paused') as paused,
        count(*) filter (where e.state = 'disabled') as disabled
    from outbound_webhooks.endpoints as e
    join outbound_webhooks.endpoint_flow as f on f.endpoint_id = e.id
    where e.state <> 'retired'"""
# offset 0, as in endpoint_rows: the view counts for one endpoint, and not what waits for the others of all clinics.
_DELIVERIES: LiteralString = """
    select
        coalesce(sum(s.pending), 0)::bigint as pending,
        coalesce(sum(s.due), 0)::bigint as due,
        coalesce(max(s.oldest_due_seconds), 0) as oldest_due_seconds,
        coalesce(sum(s.in_flight), 0)::bigint as in_flight,
        coalesce(sum(s.parked), 0)::bigint as parked
    from outbound_webhooks.endpoints as e
    cross join lateral (
        select t.pending, t.due, t.oldest_due_seconds, t.in_flight, t.parked
        from outbound_webhooks.stat_endpoints as t
        where t.endpoint_id = e.id
        offset 0
    ) as s
    where e.state <> 'retired'"""
_LAST_DAY: LiteralString = """
    select
        coalesce(sum(h.attempts_succeeded + x.failed + h.attempts_lost), 0)::bigint as attempts,
        coalesce(sum(h.attempts_succeeded), 0)::bigint as succeeded,
        coalesce(sum(x.failed), 0)::bigint as failed,
        coalesce(sum(h.attempts_lost), 0)::bigint as lost,
        round(
            sum(h.attempts_succeeded)::numeric / nullif(sum(h.attempts_succeeded + x.failed), 0), 4
        )::float8 as success_rate,
        coalesce(sum(h.deliveries_succeeded), 0)::bigint as delivered,
        coalesce(sum(h.deliveries_dead), 0)::bigint as dead,
        coalesce(sum(h.deliveries_cancelled), 0)::bigint as cancelled
    from outbound_webhooks.endpoint_hours as h
    cross join lateral (
        select h.failed_timeout + h.failed_connect + h.failed_tls + h.failed_dns + h.failed_blocked_address
            + h.failed_protocol + h.failed_3xx + h.failed_4xx + h.failed_5xx
    ) as x (failed)
    where h.hour >= date_trunc('hour', statement_timestamp(), 'UTC') - interval '23 hours'"""
_PLATFORM: LiteralString = """
    select
        g.capture, g.delivery, g.armed_environment, d.dispatchers, d.delivering, s.sources, s.capturing,
        (select count(*) from outbound_webhooks.capture_errors as c where c.recaptured_at is null) as ledger_open,
        outbound_webhooks.partition_days_ahead() as partition_days_ahead
    from outbound_webhooks.settings as g
    cross join (
        select count(*) as dispatchers, count(*) filter (where v.delivering) as delivering
        from outbound_webhooks.stat_dispatchers as v
        where v.state = 'alive'
    ) as d
    cross join (
        select count(*) as sources, count(*) filter (where v.is_capturing) as capturing
        from outbound_webhooks.stat_sources as v
    ) as s"""

"""Endpoints that somebody has to look at, and why. Read from their flow and from what is live, by its indexes."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.endpoint_rows import Endpoint, endpoints_of
from dispatcher.admin.operations.transaction import of_clinic, without_jit
from dispatcher.db import Pool

# The worst first. disabled: by us. stopped: its breaker is not closed. failing: its last attempt failed. held: nothing
# is sent for a while. late: something has been due for LATE. kept: it is paused, and something waits for it.
LATE = timedelta(minutes=5)
Why = Literal["disabled", "stopped", "failing", "held", "late", "kept"]


@dataclass(frozen=True)
class Needing:
    """An endpoint that needs attention."""

    why: Why
    endpoint: Endpoint


@dataclass(frozen=True)
class NeedingClinic:
    """A clinic, and how many of its endpoints need attention; of these, how many get nothing at all."""

    clinic_id: str
    endpoints: int
    stopped: int


@dataclass(frozen=True)
class Attention:
    """What needs attention: of how many endpoints in all, the first ones, and their clinics.

    Attributes:
        clinics: the first ones; none if the visit is about one clinic.
    """

    total: int
    endpoints: list[Needing]
    clinics: list[NeedingClinic]


async def find_attention(pool: Pool, visit: Visit, most: int) -> Attention:
    """What needs attention at a clinic; everywhere, if the visit is about none.

    Args:
        most: so many endpoints, and so many clinics, are named.
    """
    chosen = {"clinic_id": visit.clinic_id, "most": most, "late": LATE}
    async with of_clinic(pool, visit) as connection:
        await without_jit(connection)
        statement = _FIRST if visit.clinic_id is None else _FIRST + _OF_CLINIC
        cursor = await connection.execute(statement + _WORST_FIRST, chosen)
        rows = await cursor.fetchall()
        if not rows:
            return Attention(0, [], [])
        found = await endpoints_of(connection, visit, [number for number, _, _ in rows])
        clinics = await _clinics(connection, most) if visit.clinic_id is None else []
    by_id = {endpoint.endpoint_id: endpoint for endpoint in found}  # also one that was retired just now
    return Attention(rows[0][2], [Needing(why, by_id[number]) for number, why, _ in rows], clinics)


async def _clinics(connection: AsyncConnection[TupleRow], most: int) -> list[NeedingClinic]:
    async with connection.cursor(row_factory=class_row(NeedingClinic)) as cursor:
        await cursor.execute(_CLINICS + _MOST_FIRST, {"most": most, "late": LATE})
        return await cursor.fetchall()


# It ends with its conditions, so that the clinic's can be added. What is due is asked for only where nothing else is
# wrong: a look at the front of an index.
_NEEDING: LiteralString = """
    from outbound_webhooks.endpoints as e
    join outbound_webhooks.endpoint_flow as f on f.endpoint_id = e.id
    cross join lateral (
        select case
            when e.state = 'disabled' then 'disabled'
            when e.state = 'paused' then case
                when exists (
                    select from outbound_webhooks.deliveries as d
                    where d.endpoint_id = e.id
                        and d.parked_reason is not null
                ) then 'kept'
            end
            when f.breaker <> 'closed' then 'stopped'
            when f.failures > 0 then 'failing'
            when f.held_until > statement_timestamp() then 'held'
            when exists (
                select from outbound_webhooks.deliveries as d
                where d.endpoint_id = e.id
                    and d.parked_reason is null
                    and d.lease_token is null
                    and d.next_attempt_at <= statement_timestamp() - %(late)s
            ) then 'late'
        end as why
        offset 0
    ) as t
    where e.state <> 'retired'
        and t.why is not null"""
_FIRST: LiteralString = "select e.id, t.why, count(*) over ()" + _NEEDING
_OF_CLINIC: LiteralString = " and e.clinic_id = %(clinic_id)s"
_WORST_FIRST: LiteralString = """
    order by
        array_position(array['disabled', 'stopped', 'failing', 'held', 'late', 'kept'], t.why),
        coalesce(f.failing_since, e.state_changed_at), e.id
    limit %(most)s"""
_CLINICS: LiteralString = (
    "select e.clinic_id, count(*) as endpoints, count(*) filter (where t.why in ('disabled', 'stopped')) as stopped"
    + _NEEDING
)
_MOST_FIRST: LiteralString = " group by e.clinic_id order by 3 desc, 2 desc, 1 limit %(most)s"

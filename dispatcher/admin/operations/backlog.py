"""What waits: all together, and the clinics and endpoints for which most is due."""

from dataclasses import dataclass
from typing import Annotated, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row
from pydantic import Field

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.transaction import of_visit
from dispatcher.db import Pool

MOST = 20


@dataclass(frozen=True)
class Waiting:
    """What waits for an endpoint, a clinic, or everybody."""

    clinic_id: str | None
    endpoint_id: int | None
    due: Annotated[int, Field(description="Their time has come.")]
    oldest_due_seconds: Annotated[float, Field(description="How long ago that of the first of these came; 0: none.")]
    later: Annotated[int, Field(description="They wait for their time, or for an older one of their payment.")]
    in_flight: int
    parked: int


@dataclass(frozen=True)
class Backlog:
    """Deliveries that are not finished: of all, and by clinic and endpoint, where most is due."""

    total: Waiting
    clinics: Annotated[list[Waiting], Field(description=f"{MOST} at most.")]
    endpoints: Annotated[list[Waiting], Field(description=f"{MOST} at most.")]


async def show_backlog(pool: Pool, visit: Visit) -> Backlog:
    """What waits for everybody, whichever clinic the visit is about."""
    async with of_visit(pool, visit) as connection:
        return await read_backlog(connection, None)


async def read_backlog(connection: AsyncConnection[TupleRow], clinic_id: str | None) -> Backlog:
    """What waits for a clinic; None: for all. It is one walk over live deliveries."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_BACKLOG, {"clinic_id": clinic_id, "most": MOST})
        rows = await cursor.fetchall()
    found: dict[str, list[Waiting]] = {"total": [], "clinic": [], "endpoint": []}
    for row in rows:
        found[row.pop("about")].append(Waiting(**row))
    return Backlog(found["total"][0], found["clinic"], found["endpoint"])


_BACKLOG: LiteralString = """
    select r.about, r.clinic_id, r.endpoint_id, r.due, r.oldest_due_seconds, r.later, r.in_flight, r.parked
    from (
        select
            c.*, row_number() over (
                partition by c.about order by c.due desc, c.parked desc, c.later desc, c.clinic_id, c.endpoint_id
            ) as n
        from (
            select
                case grouping(b.clinic_id, b.endpoint_id)
                    when 3 then 'total' when 1 then 'clinic' else 'endpoint'
                end as about,
                b.clinic_id,
                b.endpoint_id,
                coalesce(sum(b.deliveries) filter (where b.reason in ('due', 'lease_over')), 0)::bigint as due,
                coalesce(max(b.oldest_due_seconds), 0) as oldest_due_seconds,
                coalesce(sum(b.deliveries) filter (where b.reason in ('not_due', 'held_back')), 0)::bigint as later,
                coalesce(sum(b.deliveries) filter (where b.state = 'in_flight'), 0)::bigint as in_flight,
                coalesce(sum(b.deliveries) filter (where b.state = 'parked'), 0)::bigint as parked
            from outbound_webhooks.backlog as b
            where %(clinic_id)s::text is null
                or b.clinic_id = %(clinic_id)s
            group by grouping sets ((), (b.clinic_id), (b.clinic_id, b.endpoint_id))
        ) as c
    ) as r
    where r.n <= %(most)s
    order by r.about, r.n"""

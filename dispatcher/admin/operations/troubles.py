"""Endpoints that nothing is sent to for what they did: their breaker is not closed, or they were disabled."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row
from pydantic import Field

MOST = 50


@dataclass(frozen=True)
class TroubledEndpoint:
    """An endpoint that is in trouble."""

    endpoint_id: int
    clinic_id: str
    host: Annotated[str, Field(description="Of its URL.")]
    trouble: Annotated[
        Literal["open", "half_open", "disabled"],
        Field(description="open: nothing is sent until the next probe. half_open: one is on its way."),
    ]
    since: datetime
    reason: Annotated[str | None, Field(description="How it failed last, or why it was disabled.")]
    failures: Annotated[int, Field(description="Failed attempts in a row.")]
    probe_at: datetime | None


@dataclass(frozen=True)
class Troubles:
    """How many endpoints are in trouble, and those that are since the latest time."""

    breakers: Annotated[int, Field(description="Endpoints whose breaker is not closed.")]
    disabled: int
    endpoints: Annotated[list[TroubledEndpoint], Field(description=f"{MOST} of each kind at most.")]


async def read_troubles(connection: AsyncConnection[TupleRow], clinic_id: str | None) -> Troubles:
    """The endpoints of a clinic that are in trouble; None: of all."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_TROUBLES, {"clinic_id": clinic_id, "most": MOST})
        rows = await cursor.fetchall()
    counts = {row["is_disabled"]: row["of"] for row in rows}
    endpoints = [
        TroubledEndpoint(**{name: value for name, value in row.items() if name not in ("is_disabled", "of", "n")})
        for row in rows
    ]
    return Troubles(counts.get(False, 0), counts.get(True, 0), endpoints)


_TROUBLES: LiteralString = """
    select r.*
    from (
        select
            t.*,
            count(*) over (partition by t.is_disabled) as of,
            row_number() over (partition by t.is_disabled order by t.since desc, t.endpoint_id) as n
        from (
            select
                v.state = 'disabled' as is_disabled,
                v.endpoint_id,
                v.clinic_id,
                v.host,
                case when v.state = 'disabled' then 'disabled' else v.breaker end as trouble,
                case when v.state = 'disabled' then v.state_changed_at else v.breaker_changed_at end as since,
                case when v.state = 'disabled' then v.reason else v.failed_with end as reason,
                v.failures,
                v.probe_at
            from outbound_webhooks.stat_endpoints as v
            where (v.state = 'disabled' or (v.state = 'active' and v.breaker <> 'closed'))
                and (%(clinic_id)s::text is null or v.clinic_id = %(clinic_id)s)
        ) as t
    ) as r
    where r.n <= %(most)s
    order by r.is_disabled, r.n"""

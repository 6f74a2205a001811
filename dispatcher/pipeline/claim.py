"""Claiming: lease what can start now, through sql_functions/40_claim_deliveries.sql; free the leases of the dead."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import dict_row

from dispatcher.core.model import Delivery, Header
from dispatcher.db import Pool

EVERYTHING = "-infinity"  # the watermark that hides nothing
# A transaction that takes longer than this from its payment to its commit is found by the next full rotation.
LATE_COMMITS = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Round:
    """One round of claiming.

    Attributes:
        deliveries: what was claimed.
        visited: how many endpoints were looked at.
        cursor: the endpoint after which the next round begins; 0: anew.
        hungry: clinics of which more may wait for a free slot.
        look_again_in: seconds until more of an endpoint that was looked at may be claimed; None if something will tell.
        oldest: what a watermark may be, by what was seen: nothing older waits.
    """

    deliveries: tuple[Delivery, ...]
    visited: int
    cursor: int
    hungry: frozenset[str]
    look_again_in: float | None
    oldest: datetime


async def claim(
    pool: Pool,
    dispatcher_id: int,
    limit: int,
    visits: int,
    cursor: int,
    in_flight: Mapping[str, int],
    lease_margin: timedelta,
    share: int,
    suspects: int,
    suspects_after: int,
    watermark: datetime | str = EVERYTHING,
) -> Round:
    """Lease up to `limit` deliveries.

    Args:
        visits: look at so many endpoints, at most.
        cursor: begin behind this endpoint; rounds rotate, so that no endpoint is always last.
        in_flight: requests of this dispatcher by clinic.
        share: what one clinic may have in flight here, at most.
        suspects: what may be claimed, at most, for endpoints that failed last or never took anything, together.
        suspects_after: only those behind this endpoint are in turn.
        watermark: older rows are not looked at.
    """
    async with pool.connection() as connection:
        # One row at least, with the server's time in it.
        result = await connection.cursor(row_factory=dict_row).execute(
            "select statement_timestamp() as now, c.* from (values (true)) as one left join"
            " outbound_webhooks.claim_deliveries(%s, %s, %s, %s, %s, %s::text[], %s::integer[], %s, %s, %s, %s)"
            " as c on true",
            (
                dispatcher_id, limit, visits, cursor, watermark,
                list(in_flight), list(in_flight.values()), share, lease_margin,
                suspects, suspects_after,
            ),
        )  # fmt: skip
        rows = await result.fetchall()
    now = rows[0]["now"]
    rows = [row for row in rows if row["endpoint_id"] is not None]
    visited = sorted({row["endpoint_id"] for row in rows})
    deliveries = tuple(_delivery(row) for row in rows if row["delivery_id"] is not None)
    if len(deliveries) >= limit:
        # Cut short: the endpoints behind the last one served come first in the next round.
        following = max(delivery.endpoint_id for delivery in deliveries)
    else:
        following = visited[-1] if len(visited) >= visits else 0
    return Round(
        deliveries=deliveries,
        visited=len(visited),
        cursor=following,
        hungry=frozenset(row["clinic_id"] for row in rows if row["is_hungry"]),
        look_again_in=min((row["look_again_in"] for row in rows if row["look_again_in"] is not None), default=None),
        oldest=min([now - LATE_COMMITS, *(row["oldest"] for row in rows)]),
    )


async def free_leases(pool: Pool, dispatcher_id: int, held: Collection[int]) -> int:
    """Free leases that ran out, or whose dispatcher is dead; returns how many.

    Args:
        held: deliveries that this dispatcher still works on: it knows their answer, or waits for it.
    """
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "select outbound_webhooks.free_leases(%s, %s::bigint[])", (dispatcher_id, list(held))
        )
        row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


def _delivery(row: dict[str, Any]) -> Delivery:
    schedule = row["retry_schedule"]
    return Delivery(
        id=row["delivery_id"],
        endpoint_id=row["endpoint_id"],
        clinic_id=row["clinic_id"],
        event_id=str(row["event_id"]),
        event_type=row["event_type"],
        body=row["body"],
        created_at=row["created_at"],
        lease_token=row["lease_token"],
        attempt_number=row["attempt_number"],
        failure_count=row["failure_count"],
        url=row["url"],
        timeout_seconds=row["timeout_seconds"],
        is_probe=row["is_probe"],
        is_suspect=row["is_suspect"],
        retry_schedule=None if schedule is None else tuple(schedule),
        secrets=tuple(row["secrets"] or ()),
        headers=tuple(Header(*parts) for parts in row["headers"] or ()),
        traceparent=row["traceparent"],
        request_id=row["request_id"],
    )

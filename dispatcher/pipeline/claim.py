"""Claiming: lease what can start now, through sql_functions/40_claim_deliveries.sql."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from psycopg.rows import dict_row

from dispatcher.core.model import Delivery
from dispatcher.db import Pool

VISITED_PER_ROUND = 200  # endpoints that one round looks at; the bound stands in the SQL function too


@dataclass(frozen=True, slots=True)
class Round:
    """One round: what was claimed, how many endpoints were visited, and after which the next round begins (0: anew)."""

    deliveries: tuple[Delivery, ...]
    visited: int
    cursor: int


async def claim(
    pool: Pool,
    dispatcher_id: int,
    limit: int,
    cursor: int,
    in_flight: Mapping[int, int],
    lease_margin: timedelta,
    share: int,
    held: Collection[int],
) -> Round:
    """Lease up to `limit` deliveries.

    Args:
        cursor: begin behind this endpoint; rounds rotate, so that no endpoint is always last.
        in_flight: requests of this dispatcher by endpoint.
        share: what one endpoint may have in flight here, at most.
        held: deliveries that this dispatcher still works on: never claimed, even if their lease ran out.
    """
    async with pool.connection() as connection:
        result = await connection.cursor(row_factory=dict_row).execute(
            "select * from outbound_webhooks.claim_deliveries("
            "%s, %s, %s, %s::bigint[], %s::integer[], %s, %s, %s::bigint[])",
            (dispatcher_id, limit, cursor, list(in_flight), list(in_flight.values()), lease_margin, share, list(held)),
        )
        rows = await result.fetchall()
    visited = sorted({row["endpoint_id"] for row in rows})
    deliveries = tuple(_delivery(row) for row in rows if row["delivery_id"] is not None)
    if len(deliveries) >= limit:
        # Cut short: the endpoints behind the last one served come first in the next round.
        following = max(delivery.endpoint_id for delivery in deliveries)
    else:
        following = visited[-1] if len(visited) >= VISITED_PER_ROUND else 0
    return Round(deliveries, len(visited), following)


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
        max_in_flight=row["max_in_flight"],
        retry_schedule=None if schedule is None else tuple(schedule),
        secrets=tuple(row["secrets"] or ()),
    )

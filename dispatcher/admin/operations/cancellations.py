"""Giving up many deliveries at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, LiteralString

from psycopg.rows import class_row
from pydantic import Field

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.transaction import of_clinic
from dispatcher.db import Pool

AT_ONCE = 10_000


@dataclass(frozen=True)
class Cancelled:
    """What a cancellation is about."""

    cancelled: Annotated[int, Field(description="How many were given up, or in a dry run would be.")]
    in_flight: Annotated[
        int, Field(description="How many of those chosen are on their way, and stay: their request may have arrived.")
    ]
    more: Annotated[bool, Field(description="True: more are chosen than are given up at once. Ask again.")]


async def cancel_deliveries(pool: Pool, visit: Visit, chosen: Mapping[str, object]) -> Cancelled:
    """Give up the deliveries that are chosen, so many at once, and wait or are parked; or count them.

    Args:
        chosen: the parameters of cancel_deliveries() without p_, without the clinic, which is the visit's, and without
            the limit.

    Raises:
        psycopg.errors.NoDataFound: there is no such endpoint.
        psycopg.errors.InvalidParameterValue: nothing is chosen, or what cannot be meant.
    """
    async with of_clinic(pool, visit) as connection, connection.cursor(row_factory=class_row(Cancelled)) as cursor:
        await cursor.execute(_CANCEL, {**chosen, "clinic_id": visit.clinic_id, "limit": AT_ONCE})
        cancelled = await cursor.fetchone()
    assert cancelled is not None
    return cancelled


_CANCEL: LiteralString = (
    "select c.cancelled, c.in_flight, c.more from outbound_webhooks.cancel_deliveries("
    "p_endpoint_id => %(endpoint_id)s, p_clinic_id => %(clinic_id)s, p_type => %(type)s, p_state => %(state)s,"
    " p_since => %(since)s, p_until => %(until)s, p_resource => %(resource)s, p_resource_id => %(resource_id)s,"
    " p_limit => %(limit)s, p_reason => %(reason)s, p_dry_run => %(dry_run)s) as c"
)

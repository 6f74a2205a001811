"""Giving claimed deliveries back, and the second look before a late start."""

from collections.abc import Sequence
from datetime import timedelta

from dispatcher.core.model import Delivery
from dispatcher.db import Pool


async def release(
    pool: Pool, deliveries: Sequence[Delivery], *, delay: timedelta = timedelta(0), may_have_left: bool = False
) -> int:
    """Give deliveries back whose lease is still ours; returns how many were.

    Args:
        delay: until they are due again; zero leaves them as due as they were.
        may_have_left: the request was begun: it is recorded as a lost attempt.
    """
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "select outbound_webhooks.release_deliveries(%s::bigint[], %s::bigint[], %s, %s)",
            ([d.id for d in deliveries], [d.lease_token for d in deliveries], delay, may_have_left),
        )
        row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


async def may_start(pool: Pool, delivery: Delivery) -> bool:
    """Whether the delivery's lease is still ours, and its endpoint still active."""
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "select outbound_webhooks.may_start(%s, %s)", (delivery.id, delivery.lease_token)
        )
        row = await cursor.fetchone()
    return row is not None and bool(row[0])

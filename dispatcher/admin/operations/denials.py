"""What somebody whom we know tried, and may not: a line of the audit log."""

from dispatcher.core.identity import Principal
from dispatcher.db import Pool, transaction_of


async def record_denied(
    pool: Pool, principal: Principal, action: str, clinic_id: str | None, subject: str, request_id: str, address: str
) -> None:
    """Write it down, for the clinic of who tried: nobody fills another clinic's log.

    Args:
        subject: what it was to be done to: method and path.
    """
    async with transaction_of(pool, principal.actor, request_id, address) as connection:
        await connection.execute("select outbound_webhooks.record_denied(%s, %s, %s)", (action, clinic_id, subject))

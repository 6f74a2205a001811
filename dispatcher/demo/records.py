"""What the product wrote down: events, deliveries, and the final count, read as its DBA would."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row, dict_row

from dispatcher.demo.receiver import Received


@dataclass(frozen=True)
class Event:
    """An event, and when the transaction that wrote it committed, by the server's own record."""

    id: str
    type: str
    clinic_id: str
    resource_id: str
    committed_at: datetime


@dataclass(frozen=True)
class Payment:
    """A row of the host's table."""

    id: int
    clinic_id: int
    status: str
    amount_cents: int
    refunded_amount_cents: int
    currency: str

    def __str__(self) -> str:
        amount, refunded = self.amount_cents / 100, self.refunded_amount_cents / 100
        money = f"{self.currency} {amount:.2f}" + (f", {refunded:.2f} refunded" if refunded else "")
        return f"payment {self.id} of clinic {self.clinic_id}: {self.status}, {money}"


@dataclass(frozen=True)
class Owed:
    """A delivery: an event owed to an endpoint."""

    id: int
    endpoint_id: int


@dataclass(frozen=True)
class Tally:
    """The final count: of the database, and of what the receiver saw."""

    events: int
    live_deliveries: int
    succeeded_deliveries: int
    ended_otherwise: int
    attempts: int
    capture_errors: int
    requests: int
    verified: int


_EVENT = """
select id::text, type, clinic_id, resource_id, pg_xact_commit_timestamp(xmin) as committed_at
from outbound_webhooks.events
"""


async def events_of(dba: AsyncConnection[TupleRow], payment_id: int) -> list[Event]:
    """The events about a payment, oldest first."""
    cursor = dba.cursor(row_factory=class_row(Event))
    await cursor.execute(
        _EVENT + "where resource = 'payment_transaction' and resource_id = %s order by id", (str(payment_id),)
    )
    return await cursor.fetchall()


async def event(dba: AsyncConnection[TupleRow], webhook_id: str) -> Event:
    """One event."""
    cursor = dba.cursor(row_factory=class_row(Event))
    await cursor.execute(_EVENT + "where id = %s", (webhook_id,))
    (found,) = await cursor.fetchall()
    return found


async def owed(dba: AsyncConnection[TupleRow], webhook_id: str) -> list[Owed]:
    """The deliveries of an event."""
    cursor = dba.cursor(row_factory=class_row(Owed))
    await cursor.execute(
        "select id, endpoint_id from outbound_webhooks.delivery_log where event_id = %s order by id", (webhook_id,)
    )
    return await cursor.fetchall()


async def payment(dba: AsyncConnection[TupleRow], payment_id: int) -> Payment:
    """A row of the host's table."""
    cursor = dba.cursor(row_factory=class_row(Payment))
    await cursor.execute(
        "select id, clinic_id, status, amount_cents, refunded_amount_cents, currency"
        " from payment_transactions where id = %s",
        (payment_id,),
    )
    (found,) = await cursor.fetchall()
    return found


async def count(dba: AsyncConnection[TupleRow], received: Sequence[Received]) -> Tally:
    """Count everything."""
    cursor = await dba.cursor(row_factory=dict_row).execute("""
        select
            (select count(*) from outbound_webhooks.events) as events,
            (select count(*) from outbound_webhooks.deliveries) as live_deliveries,
            count(*) filter (where state = 'succeeded') as succeeded_deliveries,
            count(*) filter (where state <> 'succeeded') as ended_otherwise,
            (select count(*) from outbound_webhooks.attempts) as attempts,
            (select count(*) from outbound_webhooks.capture_errors) as capture_errors
        from outbound_webhooks.finished_deliveries
    """)
    (counts,) = await cursor.fetchall()
    return Tally(**counts, requests=len(received), verified=sum(request.verified for request in received))


def problems(tally: Tally, expected_events: int, exit_codes: Mapping[str, int | None]) -> list[str]:
    """What is missing, in words; nothing when everything arrived. Each event is owed to one endpoint here.

    Args:
        exit_codes: by what the program is called.
    """
    checks = [
        (tally.events == expected_events, f"{tally.events} events, and not {expected_events}"),
        (
            tally.succeeded_deliveries == expected_events,
            f"{tally.succeeded_deliveries} deliveries succeeded, and not {expected_events}",
        ),
        (tally.ended_otherwise == 0, f"{tally.ended_otherwise} deliveries are dead or cancelled"),
        (tally.live_deliveries == 0, f"{tally.live_deliveries} deliveries still wait"),
        (
            tally.attempts == tally.requests,
            f"{tally.attempts} attempts are recorded, and the receiver saw {tally.requests} requests",
        ),
        (
            tally.verified == tally.requests,
            f"{tally.requests - tally.verified} of {tally.requests} requests had no valid signature",
        ),
        (tally.capture_errors == 0, f"{tally.capture_errors} changes could not be captured"),
        *((code == 0, f"{name} ended with exit code {code}") for name, code in exit_codes.items()),
    ]
    return [message for holds, message in checks if not holds]

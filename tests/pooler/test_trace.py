"""Trace and request id through a pooler in transaction mode: what a transaction says ends with it."""

import asyncio

from psycopg import AsyncConnection

from tests.pooler.conftest import application
from tests.sql import steps
from tests.support.host import CLINIC, Host
from tests.support.pgbouncer import PgBouncer

CLIENTS = 4  # more than the sessions that they share
PAYMENTS = 10  # of each client
SAY = "select set_config('outbound_webhooks.request_id', %s, true)"
PAY = "insert into payment_transactions (clinic_id, amount_cents) values (%s, %s)"


async def pay(url: str, client: int) -> None:
    """One request after the other, each with a payment; a second payment of the same amount is of no request."""
    async with await AsyncConnection.connect(url, autocommit=True, prepare_threshold=None) as connection:
        for n in range(1, PAYMENTS + 1):
            amount = client * 1000 + n
            async with connection.transaction():
                await connection.execute(SAY, (f"request {amount}",))
                await connection.execute(PAY, (CLINIC, amount))
            await connection.execute(PAY, (CLINIC, amount))


async def test_a_transaction_has_its_own(host: Host, transaction_pooler: PgBouncer) -> None:
    """Clients that share sessions, transaction by transaction, never get another's request, nor their own last one."""
    steps.endpoint(host)
    url = application(host, transaction_pooler).url

    await asyncio.gather(*(pay(url, client) for client in range(1, CLIENTS + 1)))
    events = host.rows("select request_id, body::json #>> '{data,amount}' as amount from outbound_webhooks.events")

    assert len(events) == 2 * CLIENTS * PAYMENTS
    assert [event for event in events if event["request_id"] not in (None, f"request {event['amount']}")] == []
    assert sum(event["request_id"] is not None for event in events) == CLIENTS * PAYMENTS

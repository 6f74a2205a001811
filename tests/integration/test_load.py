"""10,000 payments written by 8 connections at once: all delivered, none twice."""

import asyncio
from collections import Counter

import psycopg

from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.observations import AttemptFinished
from tests.conftest import StartDispatcher
from tests.support.host import CLINIC, Host

PAYMENTS = 10_000
WRITERS = 8


async def write_payments(url: str, count: int) -> None:
    """Write payments one by one, each in a transaction of its own."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        for _ in range(count):
            await connection.execute("insert into payment_transactions (clinic_id) values (%s)", (CLINIC,))


async def test_all_arrive_and_none_twice(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """Every payment arrives once; attempts = deliveries; no live delivery is left."""
    endpoint = host.endpoint(receiver.url + "/", max_in_flight=100)
    receiver.keys["/"] = [endpoint.secret]

    async with dispatcher() as seen:
        async with asyncio.TaskGroup() as writers:
            for _ in range(WRITERS):
                writers.create_task(write_payments(host.url, PAYMENTS // WRITERS))
        await seen.count(AttemptFinished, PAYMENTS, timeout=240)

    times = Counter(request.webhook_id for request in receiver.received)

    assert len(times) == PAYMENTS
    assert set(times.values()) == {1}
    assert all(request.verified for request in receiver.received)
    assert host.value("select count(*) from outbound_webhooks.attempts") == PAYMENTS
    assert (
        host.value("select count(*) from outbound_webhooks.finished_deliveries where state = 'succeeded'") == PAYMENTS
    )
    assert host.value("select count(*) from outbound_webhooks.deliveries") == 0
    assert host.value("select count(*) from outbound_webhooks.capture_errors") == 0

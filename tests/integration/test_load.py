"""10,000 payments written by 8 connections at once: all delivered, none twice; and one that commits late."""

import asyncio
from collections import Counter

import psycopg

from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.observations import AttemptFinished
from tests.conftest import StartDispatcher
from tests.support.host import CLINIC, Host
from tests.support.hours import differences

PAYMENTS = 10_000
WRITERS = 8


async def write_payments(url: str, count: int) -> None:
    """Write payments one by one, each in a transaction of its own."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        for _ in range(count):
            await connection.execute("insert into payment_transactions (clinic_id) values (%s)", (CLINIC,))


async def test_all_arrive_and_none_twice(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """Every payment arrives once; attempts = deliveries; no live delivery is left; all are counted."""
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
    assert differences(host) == []


async def test_a_payment_that_commits_late(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """A transaction that took an hour from its payment to its commit: older than all that claims look at."""
    host.endpoint(receiver.url + "/")

    async with dispatcher() as seen:
        host.pay()
        await seen.count(AttemptFinished)
        with host.connection.transaction():
            host.pay()
            host.rows("update outbound_webhooks.deliveries set next_attempt_at = next_attempt_at - interval '1 hour'")
        await seen.count(AttemptFinished, 2)

    assert len(receiver.received) == 2

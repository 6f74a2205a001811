"""Slots, leases and frozen processes: what one endpoint may take, and what is not sent any more."""

import time
from typing import Any

import psycopg
import pytest

from dispatcher.demo.receiver import Receiver
from dispatcher.pipeline import rotation as rotation_module
from dispatcher.pipeline.claim import Round, claim
from dispatcher.telemetry.observations import AttemptFinished, DatabaseTrouble, DeliveryReleased
from tests.conftest import StartDispatcher
from tests.integration.test_crash import Gate
from tests.support.host import Host


async def test_a_hanging_receiver_leaves_room(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """An endpoint that may have more in flight than there are slots takes a fourth; another clinic is served."""
    gate = Gate()
    host.endpoint(receiver.url + "/hangs", max_in_flight=1000)
    host.endpoint(receiver.url + "/answers", clinic="clinic-2")
    receiver.answer_next(*[gate.answer] * 50, path="/hangs")

    async with dispatcher(concurrency=20) as seen:
        for _ in range(50):
            host.pay()
        await receiver.wait_for(lambda r: len(r.at("/hangs")) >= 5)
        host.pay("clinic-2")
        (attempt,) = await seen.count(AttemptFinished)
        hanging = len(receiver.at("/hangs"))
        gate.opened.set()
        await seen.count(AttemptFinished, 51)

    assert attempt.delivery.clinic_id == "clinic-2"
    assert hanging == 5


async def test_many_that_hang_leave_half(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """New endpoints of as many clinics as there are slots hang: they take half of them, and who answers is served."""
    gate, slots = Gate(), 20
    host.endpoint(receiver.url + "/answers")
    for number in range(slots):
        host.endpoint(receiver.url + f"/hangs-{number}", clinic=f"hangs-{number}")
        receiver.answer_next(gate.answer, path=f"/hangs-{number}")

    async with dispatcher(concurrency=slots) as seen:
        host.pay()
        await seen.count(AttemptFinished)
        for number in range(slots):
            host.pay(f"hangs-{number}")
        await receiver.wait_for(lambda r: len(r.received) > slots // 2)
        for _ in range(5):
            host.pay()
        attempts = await seen.count(AttemptFinished, 6)
        hanging = len(receiver.received) - len(receiver.at("/answers"))
        gate.opened.set()
        await seen.count(AttemptFinished, 6 + slots)

    assert {attempt.delivery.clinic_id for attempt in attempts} == {"clinic-1"}
    assert hanging == slots // 2


async def test_frozen_between_claim_and_start(
    host: Host, receiver: Receiver, dispatcher: StartDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process frozen while it waits for its claim looks again before it sends: the endpoint is paused by now."""
    endpoint = host.endpoint(receiver.url + "/")
    clock = time.monotonic
    late = 0.0

    async def frozen_claim(*arguments: Any) -> Round:
        nonlocal late
        found = await claim(*arguments)
        if found.deliveries and not late:
            host.rows("update outbound_webhooks.endpoints set state = 'paused' where id = %s", endpoint.id)
            late = 5.0  # the clock when the process goes on
        return found

    monkeypatch.setattr(rotation_module, "claim", frozen_claim)
    monkeypatch.setattr(time, "monotonic", lambda: clock() + late)
    async with dispatcher() as seen:
        host.pay()
        await seen.count(DeliveryReleased)

    assert receiver.received == []
    assert host.value("select attempt_count from outbound_webhooks.deliveries") == 0


async def test_an_outage_longer_than_the_lease(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """The database is away until the leases have run out: the answers are recorded after it, nothing is sent twice."""
    payments = 10
    gate = Gate()
    receiver.default = gate.answer
    host.endpoint(receiver.url + "/")
    name = host.connection.info.dbname
    with psycopg.connect(host.url, dbname="postgres", autocommit=True) as admin:
        async with dispatcher() as seen:
            for _ in range(payments):
                host.pay()
            await receiver.wait_for_count(payments)
            host.close()
            admin.execute(f'alter database "{name}" allow_connections false'.encode())
            admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))
            gate.opened.set()
            await seen.until(lambda: any(trouble.task == "record" for trouble in seen.of(DatabaseTrouble)))
            admin.execute(f'alter database "{name}" allow_connections true'.encode())
            with psycopg.connect(host.url, autocommit=True) as back:
                back.execute("update outbound_webhooks.deliveries set lease_until = now() - interval '1 second'")
            await seen.count(AttemptFinished, payments)

    assert len(receiver.received) == payments
    assert all(attempt.kept for attempt in seen.of(AttemptFinished))

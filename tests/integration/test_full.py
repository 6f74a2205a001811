"""A dispatcher that is awake and full: writers rely on it, so it passes the ring on to one that sleeps."""

import time
from contextlib import closing
from functools import partial

import pytest
from pydantic import SecretStr

from dispatcher.demo.receiver import Receiver
from dispatcher.pipeline import worker
from dispatcher.pipeline.alertness import Rhythm
from dispatcher.telemetry.observations import AttemptFinished
from tests.conftest import StartDispatcher
from tests.integration.test_crash import Gate
from tests.integration.test_wake import asleep
from tests.support.host import Host
from tests.support.listening import CountingListener
from tests.support.ops import free_port
from tests.support.promises import until_writes_ring

PAYMENTS = 20


def pay_unrung(host: Host) -> None:
    """Write a payment while somebody is awake, for certain: no ring."""
    host.rows("select outbound_webhooks.promise('awake', '9 seconds')")
    host.pay()


async def test_the_sleeper_takes_over(
    host: Host, receiver: Receiver, dispatcher: StartDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for a slot is delivered by the other one, which is rung, about once a second; it never sweeps here."""
    monkeypatch.setattr(worker, "Rhythm", partial(Rhythm, sweep=3600.0))
    gate = Gate()
    receiver.answer_next(gate.answer)
    host.endpoint(receiver.url + "/")
    nowhere = SecretStr(
        f"postgresql://127.0.0.1:{free_port()}/"
    )  # it does not listen, so no self-test of it wakes the sleeper

    async with dispatcher() as sleeper:
        await asleep(sleeper)
        await until_writes_ring(host)  # it listens
        async with dispatcher(concurrency=1, listen_database_url=nowhere) as full:
            pay_unrung(host)
            await receiver.wait_for_count(1)
            with closing(CountingListener(host.url)) as listener:
                began = time.monotonic()
                for _ in range(PAYMENTS):
                    pay_unrung(host)
                await sleeper.count(AttemptFinished, PAYMENTS)
                await asleep(sleeper, times=2)
                seconds = time.monotonic() - began
                rings = listener.rings(host)
            by_full = len(full.of(AttemptFinished))
            gate.opened.set()
            await full.count(AttemptFinished)

    assert by_full == 0
    assert 1 <= rings <= seconds + 1


async def test_one_that_is_full_alone_rings_nobody(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """Without another dispatcher there is nobody to ring."""
    gate = Gate()
    receiver.answer_next(gate.answer)
    host.endpoint(receiver.url + "/")

    async with dispatcher(concurrency=1) as full:
        await asleep(full)
        with closing(CountingListener(host.url)) as listener:
            pay_unrung(host)
            await receiver.wait_for_count(1)
            for _ in range(PAYMENTS):
                pay_unrung(host)
            await asleep(full, times=2)
            rings = listener.rings(host)
        gate.opened.set()
        await full.count(AttemptFinished, PAYMENTS + 1)

    assert rings == 0

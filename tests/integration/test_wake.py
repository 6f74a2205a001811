"""Waking up: the doorbell, the sweep, and a LISTEN connection that is cut."""

from contextlib import closing

import pytest
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from dispatcher.db import connect
from dispatcher.demo.receiver import Receiver
from dispatcher.pipeline import listen
from dispatcher.telemetry.observations import AttemptFinished, ListenChanged, PhaseChanged, Woken
from tests.conftest import StartDispatcher
from tests.support.host import Host
from tests.support.listening import CountingListener
from tests.support.polling import holds
from tests.support.promises import until_writes_ring
from tests.support.seen import Seen

AWAKE = "select last_value > extract(epoch from clock_timestamp()) * 1000 from outbound_webhooks.awake_until"

ASLEEP = PhaseChanged("asleep")


async def asleep(seen: Seen, times: int = 1) -> None:
    """Wait until the dispatcher waits on LISTEN, after it has fallen asleep that often."""
    await seen.until(lambda: seen.of(PhaseChanged)[-1:] == [ASLEEP] and seen.all.count(ASLEEP) >= times)


async def pay_and_wake(host: Host, seen: Seen) -> None:
    """Write a payment, and wait until the dispatcher promised to be awake, or, where that was missed, sleeps again."""
    sleeps = seen.all.count(ASLEEP)
    host.pay()
    await holds(lambda: bool(host.value(AWAKE)) or seen.all.count(ASLEEP) > sleeps)


async def test_woken_by_the_doorbell(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """A sleeping dispatcher is rung awake by the write."""
    host.endpoint(receiver.url + "/")

    async with dispatcher() as seen:
        await asleep(seen)
        await until_writes_ring(host)
        rung_before = seen.of(Woken).count(Woken("doorbell"))
        host.pay()
        await seen.count(AttemptFinished)

    assert seen.of(Woken).count(Woken("doorbell")) == rung_before + 1


async def test_a_lost_ring_costs_a_sweep(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """A write whose ring is lost (here: it believes somebody awake) is found by the sweep."""
    host.endpoint(receiver.url + "/")

    async with dispatcher() as seen:
        await asleep(seen)
        await until_writes_ring(host)
        rung_before = seen.of(Woken).count(Woken("doorbell"))
        host.rows("select outbound_webhooks.promise('awake', '5 seconds')")
        host.pay()
        await seen.count(AttemptFinished)
        await seen.until(lambda: Woken("sweep") in seen.all)

    assert seen.of(Woken).count(Woken("doorbell")) == rung_before


async def test_a_ring_for_nothing(host: Host, dispatcher: StartDispatcher) -> None:
    """A write that makes nothing due wakes a sleeper all the same: those that follow find somebody awake."""
    endpoint = host.endpoint("https://clinic.example/")
    host.rows("select outbound_webhooks.pause_endpoint(%s)", endpoint.id)

    async with dispatcher() as seen:
        await asleep(seen)
        with closing(CountingListener(host.url)) as listener:
            was_awake = False
            while not was_awake:  # a machine that stalls outlives the promise
                await until_writes_ring(host)
                listener.rings(host)
                await pay_and_wake(host, seen)
                rung = listener.rings(host)
                host.pay()
                was_awake = bool(host.value(AWAKE))
            rung_again = listener.rings(host)

    assert (rung, rung_again) == (1, 0)


async def test_listen_is_cut(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """The LISTEN connection is killed: it is opened anew, and what was written meanwhile arrives."""
    host.endpoint(receiver.url + "/")

    async with dispatcher() as seen:
        await seen.until(lambda: any(change.listening for change in seen.of(ListenChanged)))
        host.rows(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and application_name = 'outbound-webhooks listen'"
        )
        await seen.until(lambda: any(not change.listening for change in seen.of(ListenChanged)))
        host.pay()
        await seen.count(AttemptFinished)
        await seen.until(lambda: seen.of(ListenChanged)[-1].listening)

    assert len(receiver.received) == 1


async def test_listen_is_taken_back(
    host: Host, receiver: Receiver, dispatcher: StartDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that listens no longer, though its connection lives, is noticed by the heartbeat, and replaced."""
    opened = []

    async def remember(url: str, purpose: str) -> AsyncConnection[TupleRow]:
        opened.append(await connect(url, purpose))
        return opened[-1]

    monkeypatch.setattr(listen, "connect", remember)

    async with dispatcher() as seen:
        await seen.count(ListenChanged)
        await opened[0].execute("unlisten *")
        await seen.count(ListenChanged, 3)

    assert [change.listening for change in seen.of(ListenChanged)] == [True, False, True]
    assert "its session listens no longer" in seen.of(ListenChanged)[1].reason


async def test_every_connection_is_cut(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """All connections are killed while payments are written: the dispatcher recovers by itself, none is lost."""
    host.endpoint(receiver.url + "/")
    payments = 30

    async with dispatcher() as seen:
        await seen.until(lambda: any(change.listening for change in seen.of(ListenChanged)))
        for number in range(payments):
            if number % 10 == 5:
                host.rows(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()"
                )
            host.pay()
        await seen.until(
            lambda: host.value("select count(*) from outbound_webhooks.finished_deliveries") == payments, timeout=120
        )

    assert {r.webhook_id for r in receiver.received} == {
        str(row["id"]) for row in host.rows("select id from outbound_webhooks.events")
    }

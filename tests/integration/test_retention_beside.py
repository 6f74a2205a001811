"""Retention beside writers and readers: none of them waits for it, and none sees half of what it does."""

import asyncio
from collections.abc import Callable

import psycopg
import pytest

from dispatcher import db
from dispatcher.telemetry.observations import RetentionFinished
from tests.sql import steps
from tests.sql.interleaving import until
from tests.sql.steps import Session
from tests.support.days import add_day, add_event, add_finished, ago, name_of
from tests.support.host import Host
from tests.support.rounds import LOST, WAITS, Rounds, dropped, holds, kept

STATE = "select state from outbound_webhooks.retention_plan() where partition = %s"


def add_days(host: Host, past: range) -> set[str]:
    """Days on which a delivery succeeded; returns the partitions that go: dead deliveries are kept for longer."""
    for n in past:
        day = ago(host, n)
        add_day(host, day)
        add_finished(host, add_event(host, day), "succeeded", day)
    return {
        name_of(parent, ago(host, n)) for n in past for parent in ("events", "attempts", "finished_deliveries_done")
    }


class Writers:
    """Payments through the trigger, from several connections, until told to stop; how long each took.

    One that waits for a lock, whosever, for five seconds fails.
    """

    def __init__(self, host: Host, count: int) -> None:
        self.seconds: list[float] = []
        self._host = host
        self._count = count
        self._stop = asyncio.Event()

    async def __aenter__(self) -> "Writers":
        self._tasks = [asyncio.create_task(self._write()) for _ in range(self._count)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await asyncio.gather(*self._tasks)

    async def _write(self) -> None:
        clock = asyncio.get_running_loop().time
        async with await psycopg.AsyncConnection.connect(self._host.url, autocommit=True) as connection:
            await connection.execute("set lock_timeout = '5s'")
            while not self._stop.is_set():
                began = clock()
                await connection.execute("insert into payment_transactions (clinic_id) values ('clinic-1')")
                self.seconds.append(clock() - began)


@pytest.mark.usefixtures("patient")
async def test_writers_at_work(host: Host, rounds: Rounds, record_property: Callable[[str, object], None]) -> None:
    """Thirty partitions go while eight connections write payments: each is captured, and none waits for a lock of ours.

    One that waited for longer than the lock timeout of a capture, 100 ms, would stand in the ledger.
    """
    steps.endpoint(host)
    expected = add_days(host, range(40, 50))

    async with Writers(host, 8) as writers:
        await asyncio.to_thread(until, lambda: len(writers.seconds) > 100)
        observed = await rounds.round()
        at_the_end = len(writers.seconds)
        await asyncio.to_thread(until, lambda: len(writers.seconds) > at_the_end + 100)
    payments = host.value("select count(*) from payment_transactions")
    record_property("longest payment", f"{1000 * max(writers.seconds):.1f} ms")

    assert dropped(observed) == expected
    assert kept(observed) == {}
    assert host.value("select count(*) from outbound_webhooks.events") == payments == len(writers.seconds)
    assert host.value("select count(*) from outbound_webhooks.capture_errors") == 0
    assert max(writers.seconds) < 5


@pytest.mark.usefixtures("patient")
async def test_readers_at_work(host: Host, rounds: Rounds) -> None:
    """Readers of everything while partitions go: none fails, and none sees a delivery without its event."""
    steps.endpoint(host)
    expected = add_days(host, range(40, 50))
    stop = asyncio.Event()

    async def read() -> set[int]:
        found: set[int] = set()
        async with await psycopg.AsyncConnection.connect(host.url, autocommit=True) as connection:
            while not stop.is_set():
                cursor = await connection.execute(LOST)
                found.update(count for (count,) in await cursor.fetchall())
        return found

    async with asyncio.TaskGroup() as group:
        readers = [group.create_task(read()) for _ in range(4)]
        observed = await rounds.round()
        stop.set()

    assert dropped(observed) == expected
    assert kept(observed) == {}
    assert [reader.result() for reader in readers] == [{0}] * 4


async def test_a_stuck_reader(host: Host, rounds: Rounds, other: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction that has read an old partition and is forgotten: retention waits for it no longer than its lock
    timeout, and says so; payments and other readers do not wait at all; the next round finishes."""
    # Long enough to be seen waiting on a machine that is busy.
    monkeypatch.setattr(db, "_OWNER_SESSION", db._OWNER_SESSION.replace("'2s'", "'6s'"))
    steps.endpoint(host)
    for past in (40, 41):
        add_day(host, ago(host, past), "events", "attempts")
    oldest = name_of("events", ago(host, 41))
    other.rows("begin")
    other.rows("select count(*) from outbound_webhooks.events")
    host.rows("set statement_timeout = '30s'")

    running = asyncio.create_task(rounds.round())
    await holds(host, WAITS)
    host.pay()
    seen_meanwhile = host.value("select count(*) from outbound_webhooks.events")
    observed = await running
    state = host.value(STATE, oldest)
    host.pay()
    other.rows("commit")
    again = await rounds.round()

    assert seen_meanwhile == 1
    assert dropped(observed) == {name_of("attempts", ago(host, past)) for past in (40, 41)}
    assert kept(observed) == {oldest: "canceling statement due to lock timeout (55P03)"}
    assert observed[-1] == RetentionFinished(2)
    assert state == "detaching"
    assert dropped(again) == {name_of("events", ago(host, past)) for past in (40, 41)}
    assert again[-1] == RetentionFinished(0)
    assert host.value("select count(*) from outbound_webhooks.events") == 2
    assert host.value("select count(*) from outbound_webhooks.capture_errors") == 0


@pytest.mark.usefixtures("patient")
async def test_a_slow_host_transaction(host: Host, rounds: Rounds, other: Session) -> None:
    """A payment whose transaction goes on for long: the detaching waits for it, and the payments after it do not."""
    steps.endpoint(host)
    day = ago(host, 40)
    add_day(host, day, "events")
    other.rows("begin")
    other.pay()
    host.rows("set statement_timeout = '30s'")

    running = asyncio.create_task(rounds.round())
    await holds(host, WAITS)
    for _ in range(10):
        host.pay()
    other.rows("commit")
    observed = await running

    assert dropped(observed) == {name_of("events", day)}
    assert host.value("select count(*) from outbound_webhooks.events") == 11
    assert host.value("select count(*) from outbound_webhooks.capture_errors") == 0

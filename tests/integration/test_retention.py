"""Rounds of retention on real partitions: exactly what is over goes, and nobody waits for it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import LiteralString

import psycopg
import pytest

from dispatcher import db
from dispatcher.db import as_owner
from dispatcher.pipeline.retention import Retention
from dispatcher.telemetry.observations import (
    MaintenanceHindered,
    Observation,
    PartitionDropped,
    PartitionKept,
    RetentionFinished,
)
from tests.sql import steps
from tests.sql.interleaving import until
from tests.sql.steps import DEAD, SUCCEEDED, Session, claim, record, result
from tests.support import days
from tests.support.days import add_day, add_event, add_finished, add_live, ago, name_of
from tests.support.host import Host

WAITS = """
    select count(*) > 0 from pg_stat_activity
    where application_name = 'outbound-webhooks maintenance' and datname = current_database()
        and wait_event_type = 'Lock'
"""
GONE = """
    select count(*) = 0 from pg_stat_activity
    where application_name = 'outbound-webhooks maintenance' and datname = current_database()
"""
STATE = "select state from outbound_webhooks.retention_plan() where partition = %s"
# Deliveries whose event is gone.
LOST: LiteralString = """
    select count(*) from outbound_webhooks.delivery_log as l
    where not exists (select from outbound_webhooks.events as e where e.id = l.event_id)
"""


class Rounds:
    """Rounds of retention in this process, and what they observed."""

    def __init__(self, host: Host) -> None:
        owner = partial(as_owner, host.url)
        self.all: list[Observation] = []
        self.retention = Retention(owner, owner, self.all.append)

    async def round(self, now: datetime | None = None) -> list[Observation]:
        """One round; returns what it observed."""
        before = len(self.all)
        await self.retention.round(now)
        return self.all[before:]


@pytest.fixture
def rounds(host: Host) -> Rounds:
    """Retention on the host's database."""
    return Rounds(host)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retention waits until the test lets it go on, however slow the machine is."""
    monkeypatch.setattr(db, "_OWNER_SESSION", db._OWNER_SESSION.replace("'2s'", "'60s'"))


@pytest.fixture
def other(host: Host) -> Iterator[Session]:
    """One more session."""
    with closing(Session(host.url)) as session:
        yield session


def dropped(observed: list[Observation]) -> set[str]:
    """The partitions that a round dropped."""
    return {seen.name for seen in observed if isinstance(seen, PartitionDropped)}


def kept(observed: list[Observation]) -> dict[str, str]:
    """The partitions that a round could not drop, and why."""
    return {seen.name: seen.reason for seen in observed if isinstance(seen, PartitionKept)}


async def holds(host: Host, question: str, timeout: float = 60) -> None:
    """Wait until a question of the server's is answered with true."""
    await asyncio.to_thread(until, lambda: host.value(question) is True, timeout)


async def test_the_clock_moved_sixty_days(host: Host, rounds: Rounds) -> None:
    """Payments of today, one of them delivered, one dead, one parked, looked at in 60 and in 91 days.

    What is over goes, and nothing else; what can still be sent has its body; the numbers are those of what is there.
    """
    steps.endpoint(host)
    paused = steps.endpoint(host, "clinic-2")
    steps.set_state(host, paused.id, "paused")
    host.pay()
    host.pay()
    dispatcher = steps.register(host)
    first, second = claim(host, dispatcher)
    record(host, result(first, dispatcher, SUCCEEDED), result(second, dispatcher, DEAD))
    host.pay("clinic-2")
    steps.settle(host)
    before, day = days.partitions(host), days.today(host)
    dead_ones = {name for name in before if name.startswith("finished_deliveries_dead")}

    in_60 = dropped(await rounds.round(datetime.now(UTC) + timedelta(days=60)))
    after_60 = days.partitions(host)
    (stats,) = host.rows("select * from outbound_webhooks.stats()")
    states = sorted(steps.states(host).values())
    lost = host.value(LOST)
    in_91 = dropped(await rounds.round(datetime.now(UTC) + timedelta(days=91)))
    after_91 = days.partitions(host)

    assert after_60 == dead_ones | {name_of("events", day)}
    assert in_60 == before - after_60
    assert states == ["dead", "parked"]
    assert (stats["pending"], stats["in_flight"], stats["parked"], stats["open_capture_errors"]) == (0, 0, 1, 0)
    assert lost == 0
    assert after_91 == {name for name in dead_ones if name > name_of("finished_deliveries_dead", day)} | {
        name_of("events", day)  # of the parked one
    }
    assert in_91 == after_60 - after_91
    assert steps.states(host) == {3: "parked"}
    assert host.value("select count(*) from outbound_webhooks.events where resource_id = '3'") == 1
    host.rows("select * from outbound_webhooks.ensure_partitions()")
    assert host.value("select outbound_webhooks.partition_days_ahead()") == 14


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
    """Payments through the trigger, from several connections, until told to stop; how long each took."""

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
            while not self._stop.is_set():
                began = clock()
                await connection.execute("insert into payment_transactions (clinic_id) values ('clinic-1')")
                self.seconds.append(clock() - began)


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


async def test_a_stuck_reader(host: Host, rounds: Rounds, other: Session) -> None:
    """A transaction that has read an old partition and is forgotten: retention waits for it no longer than its lock
    timeout, and says so; payments and other readers do not wait at all; the next round finishes."""
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


@pytest.mark.usefixtures("patient")
async def test_referred_to_at_the_last_moment(host: Host, rounds: Rounds, other: Session) -> None:
    """A new delivery of an old event, made and not committed when the detaching begins: its partition comes back.

    The detaching waits for that transaction, looks once more, and finds the delivery.
    """
    steps.endpoint(host)
    day = ago(host, 40)
    add_day(host, day, "events")
    event = add_event(host, day)
    other.rows("begin")
    other.rows("select body from outbound_webhooks.events where id = %s", event)
    add_live(other, event)

    running = asyncio.create_task(rounds.round())
    await holds(host, WAITS)
    unseen = host.value("select count(*) from outbound_webhooks.events where id = %s", event)
    other.rows("commit")
    observed = await running

    assert unseen == 0
    assert kept(observed) == {
        name_of("events", day): "a delivery came to refer to an event in it while it was being detached"
    }
    assert observed[-1] == RetentionFinished(0)
    assert host.value("select body from outbound_webhooks.events where id = %s", event) == "{}"
    assert name_of("events", day) in days.partitions(host)
    assert dropped(await rounds.round()) == set()


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("step", ["marked", "detaching", "detached"])
async def test_broken_off(host: Host, rounds: Rounds, other: Session, step: str) -> None:
    """Its server session is killed after each step: the next round finishes what was begun, and nothing is left."""
    steps.endpoint(host)
    day = ago(host, 40)
    name = name_of("events", day)
    add_day(host, day, "events")
    other.rows("begin")
    # In the way of the detaching; of its second half; of the drop that follows.
    if step == "marked":
        other.rows("lock table outbound_webhooks.events in share update exclusive mode")
    elif step == "detaching":
        other.rows("select count(*) from outbound_webhooks.events")
    else:
        host.rows("select outbound_webhooks.begin_drop(%s)", name)
        host.rows(f"alter table outbound_webhooks.events detach partition outbound_webhooks.{name} concurrently")
        other.rows(f"lock table outbound_webhooks.{name} in access share mode")

    running = asyncio.create_task(rounds.round())
    await holds(host, WAITS)
    host.rows(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where application_name = 'outbound-webhooks maintenance' and datname = current_database()"
    )
    with pytest.raises(psycopg.OperationalError):
        await running
    await holds(host, GONE)
    other.rows("commit")
    host.pay()
    observed = await rounds.round()

    assert dropped(observed) == {name}
    assert name not in days.tables(host)
    assert host.value("select count(*) from outbound_webhooks.capture_errors") == 0


@pytest.mark.usefixtures("patient")
async def test_two_at_once(host: Host, rounds: Rounds, other: Session) -> None:
    """A drops and is kept waiting, B begins: B leaves it to A."""
    steps.endpoint(host)
    add_day(host, ago(host, 40), "events")
    other.rows("begin")
    other.rows("select count(*) from outbound_webhooks.events")

    a = asyncio.create_task(rounds.round())
    await holds(host, WAITS)
    b = await Rounds(host).round()
    other.rows("commit")

    assert b == [MaintenanceHindered("retention", "another session is at it"), RetentionFinished(1)]
    assert dropped(await a) == {name_of("events", ago(host, 40))}


async def test_no_event_goes_before_what_refers_to_it(host: Host, rounds: Rounds, other: Session) -> None:
    """Finished deliveries that could not be dropped still have their events afterwards."""
    steps.endpoint(host)
    day = ago(host, 40)
    add_day(host, day, "events", "finished_deliveries_done")
    add_finished(host, add_event(host, day), "succeeded", day)
    other.rows("begin")
    # Nobody can begin to detach a partition of this table.
    other.rows("lock table outbound_webhooks.finished_deliveries_done in share update exclusive mode")

    observed = await rounds.round()
    lost, log = host.value(LOST), host.value("select count(*) from outbound_webhooks.delivery_log")
    other.rows("commit")

    assert kept(observed).keys() == {name_of("finished_deliveries_done", day)}
    assert observed[-1] == RetentionFinished(2)
    assert (lost, log) == (0, 1)
    assert len(dropped(await rounds.round())) == 2


async def test_a_view_on_a_partition(host: Host, rounds: Rounds) -> None:
    """What a DBA built on a partition is not dropped with it: it is said, and other tables go on."""
    day = ago(host, 40)
    add_day(host, day, "attempts", "finished_deliveries_done")
    host.rows(f"create view public.mine as select * from outbound_webhooks.{name_of('attempts', day)}")

    observed = await rounds.round()
    host.rows("drop view public.mine")
    again = await rounds.round()

    assert "other objects depend on it" in kept(observed)[name_of("attempts", day)]
    assert dropped(observed) == {name_of("finished_deliveries_done", day)}
    assert dropped(again) == {name_of("attempts", day)}


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

"""Rounds of retention on real partitions: exactly what is over goes, and what is begun is finished."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from dispatcher.telemetry.observations import MaintenanceHindered, RetentionFinished
from tests.sql import steps
from tests.sql.steps import DEAD, SUCCEEDED, Session, claim, record, result
from tests.support import days
from tests.support.days import add_day, add_event, add_finished, add_live, ago, name_of
from tests.support.host import Host
from tests.support.rounds import GONE, LOST, WAITS, Rounds, dropped, holds, kept


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

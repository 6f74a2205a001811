"""What retention would drop, and why not: decided for any moment, without touching anything."""

import threading
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import psycopg
import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background
from tests.support import days
from tests.support.days import add_day, add_event, add_finished, add_live, ago, name_of
from tests.support.host import Host

FLOOR = "select outbound_webhooks.uuid_v7_floor(%s)"
MICROSECOND = timedelta(microseconds=1)
AS_DEAD = (
    "insert into outbound_webhooks.finished_deliveries (id, event_id, endpoint_id, clinic_id, state, reason,"
    " created_at, finished_at, attempt_count, failure_count)"
    " select id, event_id, endpoint_id, clinic_id, 'dead', 'a test', created_at, now(), 1, 1 from gone"
)
AS_LIVE = (
    "insert into outbound_webhooks.deliveries (id, event_id, endpoint_id, clinic_id, created_at)"
    " select id, event_id, endpoint_id, clinic_id, created_at from gone"
)
KEEP = {
    "events": "events_keep_days",
    "attempts": "attempts_keep_days",
    "finished_deliveries_done": "finished_keep_days",
    "finished_deliveries_dead": "dead_keep_days",
}


def plan(host: Host, now: datetime | None = None) -> dict[str, steps.Row]:
    """The plan for a moment, by partition."""
    rows = host.rows("select * from outbound_webhooks.retention_plan(coalesce(%s, clock_timestamp()))", now)
    return {str(row["partition"]): row for row in rows}


def goes(host: Host, now: datetime | None = None) -> set[str]:
    """The partitions that go."""
    return {name for name, row in plan(host, now).items() if row["goes"]}


def reason(host: Host, day: date) -> str:
    """Why the events of a day go or stay."""
    return str(plan(host)[name_of("events", day)]["reason"])


def midnight(day: date) -> datetime:
    """When a day begins."""
    return datetime.combine(day, time.min, tzinfo=UTC)


@pytest.mark.parametrize(("parent", "setting"), KEEP.items())
def test_the_whole_day_has_to_be_over(sandbox: Host, parent: str, setting: str) -> None:
    """To the microsecond, for each table by its own days: the last event of the day is kept in full for as many."""
    sandbox.rows(f"update outbound_webhooks.settings set {setting} = 7")
    day = ago(sandbox, 200)
    add_day(sandbox, day, parent)
    over = midnight(day + timedelta(days=1 + 7))

    assert goes(sandbox, over - MICROSECOND) == set()
    assert goes(sandbox, over) == {name_of(parent, day)}


@pytest.mark.parametrize("timezone", ["America/Sao_Paulo", "Pacific/Kiritimati"])
def test_days_are_days_in_utc(sandbox: Host, timezone: str) -> None:
    """Whatever the TimeZone of the session that asks."""
    day = ago(sandbox, 200)
    add_day(sandbox, day, "attempts")
    sandbox.rows("select set_config('timezone', %s, true)", timezone)
    over = midnight(day + timedelta(days=31))

    assert goes(sandbox, over - MICROSECOND) == set()
    assert goes(sandbox, over) == {name_of("attempts", day)}


def test_in_sixty_days(sandbox: Host) -> None:
    """With the clock moved 60 days: everything of 30 days goes, and what is kept for 90 stays."""
    in_sixty_days = datetime.now(UTC) + timedelta(days=60)

    now, then = goes(sandbox), goes(sandbox, in_sixty_days)

    assert now == set()
    assert then == {name for name in days.partitions(sandbox) if not name.startswith("finished_deliveries_dead")}


@pytest.mark.parametrize("parked", [None, "paused"])
def test_a_live_delivery_keeps_its_event(sandbox: Host, parked: str | None) -> None:
    """Pending or parked, however old; only the day of that event, not the one before or after."""
    three = [ago(sandbox, 101), ago(sandbox, 100), ago(sandbox, 99)]
    for day in three:
        add_day(sandbox, day, "events")
    add_live(sandbox, add_event(sandbox, three[1]), parked=parked)

    assert goes(sandbox) == {name_of("events", three[0]), name_of("events", three[2])}
    assert "which is live, refers to an event in it" in reason(sandbox, three[1])


@pytest.mark.parametrize("edge", ["first", "last"])
def test_to_the_edges_of_the_day(sandbox: Host, edge: str) -> None:
    """The first and the last event that a day can have keep that day, and no other."""
    three = [ago(sandbox, 101), ago(sandbox, 100), ago(sandbox, 99)]
    for day in three:
        add_day(sandbox, day, "events")
    first = sandbox.value(FLOOR, midnight(three[1]))
    last = sandbox.value(FLOOR, midnight(three[2]))
    assert isinstance(first, UUID)
    assert isinstance(last, UUID)
    add_live(sandbox, first if edge == "first" else UUID(int=last.int - 1))

    assert goes(sandbox) == {name_of("events", three[0]), name_of("events", three[2])}


@pytest.mark.parametrize(
    ("state", "ended", "stays"),
    [
        ("dead", 89, True),
        ("dead", 91, False),
        ("succeeded", 29, True),
        ("succeeded", 31, False),
        ("cancelled", 29, True),
        ("cancelled", 31, False),
    ],
)
def test_a_finished_delivery_keeps_its_event(sandbox: Host, state: str, ended: int, stays: bool) -> None:
    """For as long as it is kept itself: a dead one 90 days from its end, the others 30; then both go in one round."""
    event_day, end_day = ago(sandbox, 100), ago(sandbox, ended)
    finished = "finished_deliveries_dead" if state == "dead" else "finished_deliveries_done"
    add_day(sandbox, event_day, "events")
    if end_day < ago(sandbox, 1):
        add_day(sandbox, end_day, finished)
    add_finished(sandbox, add_event(sandbox, event_day), state, end_day)

    gone = {name_of("events", event_day), name_of(finished, end_day)}

    assert goes(sandbox) == (set() if stays else gone)
    assert ("refers to an event in it" in reason(sandbox, event_day)) is stays


def test_a_delivery_that_moves_is_always_seen(host: Host, connect: Connect) -> None:
    """It dies and is made live again, over and over, while the plan is made: at no moment is it neither."""
    day = ago(host, 100)
    add_day(host, day, "events")
    add_live(host, add_event(host, day))
    other, enough = connect(), threading.Event()
    other.rows("set synchronous_commit = off")
    plans: list[set[str]] = []
    moves = 0

    def move_to_and_fro() -> None:
        nonlocal moves
        while not enough.is_set():
            other.rows("with gone as (delete from outbound_webhooks.deliveries returning *) " + AS_DEAD)
            other.rows("with gone as (delete from outbound_webhooks.finished_deliveries returning *) " + AS_LIVE)
            moves += 1

    with background() as running:
        moving = running.submit(move_to_and_fro)
        try:
            while min(len(plans), moves) <= 50 and not moving.done():  # one of the two may have to wait for a processor
                plans.append(goes(host))
        finally:
            enough.set()
        moving.result(timeout=60)

    assert [plan for plan in plans if plan] == []


def test_what_a_dba_detached_is_the_dbas(sandbox: Host) -> None:
    """A partition that somebody detached, to archive it, is not in the plan; one that retention marked goes."""
    mine, theirs = ago(sandbox, 100), ago(sandbox, 101)
    for day in (mine, theirs):
        add_day(sandbox, day, "attempts")
        if day == mine:
            sandbox.rows("select outbound_webhooks.begin_drop(%s)", name_of("attempts", day))
        sandbox.rows(
            f"alter table outbound_webhooks.attempts detach partition outbound_webhooks.{name_of('attempts', day)}"
        )
    sandbox.rows("update outbound_webhooks.settings set attempts_keep_days = 400")

    found = plan(sandbox)

    assert found[name_of("attempts", mine)]["goes"] is True
    assert found[name_of("attempts", mine)]["state"] == "detached"
    assert name_of("attempts", theirs) not in found


def test_a_mark_alone_drops_nothing(sandbox: Host) -> None:
    """A round that ended before it detached: settings decide anew."""
    day = ago(sandbox, 100)
    add_day(sandbox, day, "attempts")
    sandbox.rows("select outbound_webhooks.begin_drop(%s)", name_of("attempts", day))
    sandbox.rows("update outbound_webhooks.settings set attempts_keep_days = 400")

    assert goes(sandbox) == set()


def test_other_tables_are_left_alone(sandbox: Host) -> None:
    """A table of somebody's that looks like a partition of ours, and is none."""
    sandbox.rows("create table outbound_webhooks.events_20200101 (id integer)")
    sandbox.rows("create table outbound_webhooks.my_events_20200101 (id integer)")

    assert not plan(sandbox).keys() & {"events_20200101", "my_events_20200101"}


def test_sizes(sandbox: Host) -> None:
    """What a partition takes on disk, with its indexes."""
    day = ago(sandbox, 100)
    add_day(sandbox, day, "events")
    add_event(sandbox, day)

    found = plan(sandbox)[name_of("events", day)]["bytes"]

    assert found == sandbox.value("select pg_total_relation_size('outbound_webhooks.' || %s)", name_of("events", day))
    assert int(found) >= 3 * 8192


@pytest.mark.parametrize("setting", [*KEEP.values(), "ledger_keep_days", "secrets_keep_days", "statistics_keep_days"])
@pytest.mark.parametrize("value", [0, -1, 3651, None])
def test_bounds(sandbox: Host, setting: str, value: int | None) -> None:
    """Days that would drop today, or that nobody can mean, are refused."""
    with (
        pytest.raises((psycopg.errors.CheckViolation, psycopg.errors.NotNullViolation)),
        sandbox.connection.transaction(),
    ):
        sandbox.rows(f"update outbound_webhooks.settings set {setting} = %s", value)

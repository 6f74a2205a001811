"""Partitions: one a day, made ahead, bounded by UTC midnights, and never a DEFAULT one."""

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta

import psycopg
import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.support.host import CLINIC, Host

PARENTS = ("events", "attempts", "finished_deliveries_done", "finished_deliveries_dead")
ENSURE = "select * from outbound_webhooks.ensure_partitions(%s)"
DAYS_AHEAD = "select outbound_webhooks.partition_days_ahead()"


def today(host: Host) -> date:
    """The day of this transaction, in UTC."""
    found = host.value("select (now() at time zone 'UTC')::date")
    assert isinstance(found, date)
    return found


def partitions(host: Host) -> dict[str, str]:
    """Every daily partition and its bounds."""
    rows = host.rows(
        "select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bounds from pg_inherits as i"
        " join pg_class as c on c.oid = i.inhrelid"
        " where i.inhparent = any (%s::regclass[]) and c.relkind = 'r'",
        [f"outbound_webhooks.{parent}" for parent in PARENTS],
    )
    return {str(row["name"]): str(row["bounds"]) for row in rows}


def names(days: list[date]) -> set[str]:
    """The names of the partitions of these days."""
    return {f"{parent}_{day:%Y%m%d}" for parent in PARENTS for day in days}


def drop(host: Host, day: date, parent: str = "events") -> None:
    """Drop the partition of a day."""
    host.rows(f"drop table outbound_webhooks.{parent}_{day:%Y%m%d}")


def test_what_is_missing_is_made(sandbox: Host) -> None:
    """It makes the missing days from yesterday on, returns their names, and a second call makes nothing."""
    day = today(sandbox)
    sandbox.rows(ENSURE, 3)
    before = partitions(sandbox)
    drop(sandbox, day + timedelta(days=1))

    made = [row["ensure_partitions"] for row in sandbox.rows(ENSURE, 3)]
    again = sandbox.rows(ENSURE, 3)

    assert made == [f"events_{day + timedelta(days=1):%Y%m%d}"]
    assert again == []
    assert partitions(sandbox) == before
    assert names([day + timedelta(days=n) for n in range(-1, 4)]) <= set(before)
    assert not [bounds for bounds in before.values() if bounds == "DEFAULT"]


@pytest.mark.parametrize("timezone", ["America/Sao_Paulo", "Pacific/Kiritimati"])
def test_days_are_days_in_utc(sandbox: Host, timezone: str) -> None:
    """The bounds are UTC midnights, whatever the TimeZone of the session that makes them."""
    day = today(sandbox) + timedelta(days=30)
    sandbox.rows("select set_config('timezone', %s, true)", timezone)

    sandbox.rows(ENSURE, 31)
    sandbox.rows("set local timezone = 'UTC'")
    found = partitions(sandbox)[f"attempts_{day:%Y%m%d}"]

    assert found == f"FOR VALUES FROM ('{day} 00:00:00+00') TO ('{day + timedelta(days=1)} 00:00:00+00')"


@pytest.mark.parametrize(
    ("at", "offset"), [(time.min, 0), (time.max, 0), (time(12, 30), 0), (time.max, -1), (time.min, 1)]
)
def test_each_event_lands_in_its_day(sandbox: Host, at: time, offset: int) -> None:
    """From the first to the last microsecond of a day, an event lies in that day's partition."""
    day = today(sandbox) + timedelta(days=offset)
    moment = datetime.combine(day, at, tzinfo=UTC)
    sandbox.rows(ENSURE, 2)

    (event,) = sandbox.rows(
        "insert into outbound_webhooks.events (id, clinic_id, type, resource, resource_id, occurred_at, body)"
        " values (outbound_webhooks.uuid_v7(%s), %s, 'a.b', 'a', '1', %s, '{}')"
        " returning tableoid::regclass::text as at",
        moment, CLINIC, moment,
    )  # fmt: skip

    assert event == {"at": f"outbound_webhooks.events_{day:%Y%m%d}"}


def test_a_partition_is_like_its_parent(sandbox: Host) -> None:
    """It has the parent's indexes and constraints, and belongs to the owner role."""
    day = today(sandbox)
    found = sandbox.rows(
        "select c.relname as name, pg_get_userbyid(c.relowner) as owner,"
        " (select count(*) from pg_index where indrelid = c.oid) as indexes,"
        " (select count(*) from pg_constraint where conrelid = c.oid and contype = 'c') as checks"
        " from pg_class as c where c.oid in ('outbound_webhooks.attempts'::regclass, %s::regclass) order by c.relname",
        f"outbound_webhooks.attempts_{day:%Y%m%d}",
    )

    parent, partition = ({k: v for k, v in row.items() if k != "name"} for row in found)

    assert partition == parent
    assert parent == {"owner": "outbound_webhooks_owner", "indexes": 1, "checks": 4}


def test_days_ahead(sandbox: Host) -> None:
    """The whole days after today that every table has its partition for; -1 when today has a gap."""
    day = today(sandbox)
    sandbox.rows(ENSURE, 20)

    full = sandbox.value(DAYS_AHEAD)
    drop(sandbox, day + timedelta(days=9), "attempts")
    gap = sandbox.value(DAYS_AHEAD)
    drop(sandbox, day, "finished_deliveries_dead")
    none_today = sandbox.value(DAYS_AHEAD)

    assert full == 20
    assert gap == 8
    assert none_today == -1


def test_payments_go_on_meanwhile(host: Host, connect: Connect) -> None:
    """While partitions are made and not yet committed, a payment is written, captured and committed."""
    steps.endpoint(host)
    janitor, day = connect(), today(host)
    host.rows("set statement_timeout = '30s'")

    with janitor.connection.transaction():
        made = janitor.rows(ENSURE, 30)
        host.pay()
        captured = host.value("select count(*) from outbound_webhooks.events")

    assert f"events_{day + timedelta(days=30):%Y%m%d}" in {row["ensure_partitions"] for row in made}
    assert captured == 1
    assert host.value("select count(*) from outbound_webhooks.capture_errors") == 0


def test_two_at_once(host: Host, connect: Connect) -> None:
    """A makes partitions and has not committed, B begins and waits: B finds them there and makes nothing."""
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            made_by_a = a.rows(ENSURE, 20)
            call = running.submit(b.rows, ENSURE, 20)
            with suppress(psycopg.errors.LockNotAvailable):  # it waits 1 s at most; on a slow machine that may be over
                until_blocked(host, b, call)
        try:
            made_by_b = call.result(timeout=60)
        except psycopg.errors.LockNotAvailable:
            made_by_b = b.rows(ENSURE, 20)

    assert made_by_a != []
    assert made_by_b == []

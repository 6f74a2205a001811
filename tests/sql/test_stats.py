"""The snapshot: which endpoints it tells apart, sums that are the same whichever these are, sources, old snapshots."""

from itertools import pairwise

import psycopg
import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.steps import Row, claim, emit, endpoint, register, set_state
from tests.support.host import Host

COUNTS = ("pending", "in_flight", "parked", "due")
KINDS = ("active", "paused", "disabled", "breaker_closed", "breaker_open", "breaker_half_open")

COUNTED = """
    select
        count(*) filter (where lease_token is null and parked_reason is null) as pending,
        count(*) filter (where lease_token is not null) as in_flight,
        count(*) filter (where parked_reason is not null) as parked,
        count(*) filter (
            where lease_token is null and parked_reason is null and next_attempt_at <= statement_timestamp()
        ) as due
    from outbound_webhooks.deliveries
"""


def lately(host: Host, endpoint_id: int, *, succeeded: int = 0, failed: int = 0) -> None:
    """As if so many attempts had been recorded in this hour."""
    host.rows(
        "insert into outbound_webhooks.endpoint_hours select %s, date_trunc('hour', now(), 'UTC'), 'clinic-1', %s,"
        " 0, 0, 0, 0, 0, 0, 0, 0, 0, %s, 0, 0, 0, array_fill(0, array[12]), array_fill(0, array[12])",
        endpoint_id, succeeded, failed,
    )  # fmt: skip


def by_endpoint(host: Host, most: int) -> dict[int | None, Row]:
    """The rows of a snapshot that tells so many endpoints apart."""
    rows: list[Row] = host.rows("select * from outbound_webhooks.endpoint_stats(%s)", most)
    assert len({row["endpoint_id"] for row in rows}) == len(rows)
    return {row["endpoint_id"]: row for row in rows}


def stats(host: Host, most: int) -> Row:
    """A snapshot."""
    (row,) = host.rows("select * from outbound_webhooks.stats(%s)", most)
    return row


def test_who_is_told_apart(sandbox: Host) -> None:
    """Those in trouble, then those that fail most, then the busiest; between equals, the oldest."""
    quiet, idle, busy, failing, late, disabled, troubled = (endpoint(sandbox, f"clinic-{n}").id for n in range(7))
    lately(sandbox, busy, succeeded=900)
    lately(sandbox, failing, succeeded=3, failed=40)
    emit(sandbox, clinic="clinic-4")
    sandbox.rows("update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp() - interval '6 minutes'")
    set_state(sandbox, disabled, "disabled")
    steps.open_breaker(sandbox, troubled)

    told_apart = [by_endpoint(sandbox, most).keys() - {None} for most in range(9)]

    assert told_apart[0] == set()
    assert told_apart[3] == {late, disabled, troubled}
    assert [(more - less).pop() for less, more in pairwise(told_apart[3:8])] == [
        failing, busy, quiet, idle,
    ]  # fmt: skip
    assert told_apart[8] == told_apart[7]


def test_neighbours_do_not_change_places(sandbox: Host) -> None:
    """Of two that are about as busy the same one keeps its place."""
    first, second = endpoint(sandbox).id, endpoint(sandbox).id
    lately(sandbox, first, succeeded=900)
    lately(sandbox, second, succeeded=1000)

    assert by_endpoint(sandbox, 1).keys() == {first, None}


@pytest.mark.parametrize("most", [0, 1, 3, 5, 100])
def test_sums(sandbox: Host, most: int) -> None:
    """However many are told apart, the rows add up to what is there, and the totals are those sums."""
    created = [endpoint(sandbox, f"clinic-{n}", max_in_flight=1).id for n in range(5)]
    for n in range(5):
        emit(sandbox, n + 1, f"clinic-{n}")
    claim(sandbox, register(sandbox))
    set_state(sandbox, created[3], "paused")
    steps.settle(sandbox)
    steps.open_breaker(sandbox, created[1])
    endpoint(sandbox, "clinic-9")
    sandbox.rows("select outbound_webhooks.retire_endpoint(%s)", endpoint(sandbox, "clinic-10").id)
    counted: Row = sandbox.rows(COUNTED)[0]

    rows, totals = by_endpoint(sandbox, most), stats(sandbox, most)
    sums = {name: sum(row[name] for row in rows.values()) for name in (*COUNTS, *KINDS)}

    assert len(rows) == min(most + 1, 6)
    assert {name: sums[name] for name in COUNTS} == counted == {name: totals[name] for name in COUNTS}
    assert 0 not in counted.values()
    assert [sums[name] for name in KINDS] == [5, 1, 0, 5, 1, 0]
    assert totals["oldest_due_seconds"] == max(row["oldest_due_seconds"] for row in totals["endpoints"]) > 0
    assert {row["endpoint_id"] for row in totals["endpoints"]} == rows.keys()


def test_whose_it_is(sandbox: Host) -> None:
    """One that is told apart has its clinic and its host; the others have neither."""
    one, _ = endpoint(sandbox, "clinic-2").id, endpoint(sandbox, "clinic-3").id
    rows = by_endpoint(sandbox, 1)

    assert (rows[one]["clinic_id"], rows[one]["host"]) == ("clinic-2", "clinic.example")
    assert (rows[None]["clinic_id"], rows[None]["host"]) == (None, None)


def test_nothing_is_there(sandbox: Host) -> None:
    """Without an endpoint all is 0."""
    row = stats(sandbox, 100)

    assert [row[name] for name in (*COUNTS, "oldest_due_seconds", "endpoints")] == [0, 0, 0, 0, 0, []]


TABLE = "alter table payment_transactions "


@pytest.mark.parametrize(
    ("change", "capture", "missing"),
    [
        ("select 1", True, 0),
        ("select outbound_webhooks.set_capture(false)", False, 0),
        ("update outbound_webhooks.event_sources set capture = false", False, 0),
        ('drop trigger "00_outbound_webhooks_insert" on payment_transactions', True, 1),
        (TABLE + 'disable trigger "00_outbound_webhooks_update"', True, 1),
        (TABLE + 'enable replica trigger "00_outbound_webhooks_update"', True, 1),
        (TABLE + 'enable always trigger "00_outbound_webhooks_update"', True, 0),
        (TABLE + "disable trigger all", True, 2),
        ("drop table payment_transactions cascade", True, 2),
    ],
)
def test_sources(sandbox: Host, change: str, capture: bool, missing: int) -> None:
    """Whether a source is captured, and what of its triggers is not there or does not fire."""
    sandbox.rows(change)

    assert sandbox.rows("select * from outbound_webhooks.source_stats()") == [
        {"name": "payment_transactions", "capture": capture, "triggers_missing": missing}
    ]


def test_a_trigger_that_no_rule_needs(sandbox: Host) -> None:
    """A source that is told of new rows only has one trigger, and misses none."""
    sandbox.rows(
        "update outbound_webhooks.event_sources set rules = (select jsonb_agg(r)"
        " from jsonb_array_elements(rules) as r where r ->> 'when' = 'inserted')"
    )
    sandbox.rows('drop trigger "00_outbound_webhooks_update" on payment_transactions')

    assert sandbox.value("select triggers_missing from outbound_webhooks.source_stats()") == 0


def test_a_table_that_is_being_altered(host: Host, connect: Connect) -> None:
    """The snapshot does not wait for who alters a watched table."""
    other = connect()
    with other.connection.transaction():
        other.rows("lock table payment_transactions in access exclusive mode")
        host.rows("set lock_timeout = '1ms'")

        assert host.value("select triggers_missing from outbound_webhooks.source_stats()") == 0


def oldest_of_sessions(host: Host) -> Row:
    """What a dispatcher finds, which may not see what other users' sessions do."""
    with host.connection.transaction():
        host.rows("set local role outbound_webhooks_dispatcher")
        (row,) = host.rows("select * from outbound_webhooks.xmin_ages() where holder = 'session'")
        host.rows("reset role")
    return row


def test_a_session_that_keeps_rows(host: Host, connect: Connect) -> None:
    """The oldest snapshot of the sessions of this database; it grows older with each transaction, until it ends."""
    reader = connect()
    with psycopg.connect(host.url, dbname="postgres") as elsewhere, reader.connection.transaction():
        elsewhere.execute("set transaction isolation level repeatable read")
        elsewhere.execute("select 1")
        host.pay()
        reader.rows("set transaction isolation level repeatable read")
        reader.rows("select 1")
        xmin = host.value(
            "select backend_xmin from pg_stat_activity where pid = %s", reader.connection.info.backend_pid
        )
        before = oldest_of_sessions(host)
        host.pay()
        host.pay()
        after = oldest_of_sessions(host)
    ended = oldest_of_sessions(host)

    assert before["xmin"] == after["xmin"] == xmin
    assert after["age"] >= before["age"] + 2
    assert ended["xmin"] != xmin


def test_nobody_keeps_rows(host: Host) -> None:
    """Each kind of holder has a row, also if there is none."""
    rows = {row["holder"]: row for row in host.rows("select * from outbound_webhooks.xmin_ages()")}

    assert rows.keys() == {"session", "replication_slot", "prepared_transaction"}
    assert (rows["prepared_transaction"]["xmin"], rows["prepared_transaction"]["age"]) == (None, 0)

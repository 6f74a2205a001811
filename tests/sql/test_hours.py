"""endpoint_hours: what the functions count is what a count of the big tables gives, whatever became of an attempt."""

from typing import Any

import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.steps import DEAD, RETRY, SLOWS, SUCCEEDED, Row, claim, emit, endpoint, record, register, result
from tests.support.host import Host
from tests.support.hours import Hour, counted, differences

pytestmark = pytest.mark.usefixtures("within_an_hour")

FAILURES: list[Row] = [
    {"error_class": "timeout", "http_status": None},
    {"error_class": "connect", "http_status": None},
    {"error_class": "tls", "http_status": None},
    {"error_class": "dns", "http_status": None},
    {"error_class": "blocked_address", "http_status": None},
    {"error_class": "protocol", "http_status": None},
    *({"http_status": status} for status in (301, 399, 400, 410, 499, 500, 503, 599)),
]


def only(host: Host) -> Row:
    """The counts of the only endpoint in the only hour, without what is 0."""
    ((_, row),) = counted(host).items()
    return {name: value for name, value in row.items() if value and name != "clinic_id" and not isinstance(value, list)}


def claimed_by(host: Host, count: int) -> tuple[int, list[Row]]:
    """A dispatcher with so many deliveries of one endpoint in flight."""
    endpoint(host, max_in_flight=1000)
    emit(host, count)
    dispatcher = register(host)
    return dispatcher, claim(host, dispatcher)


def test_each_outcome(sandbox: Host) -> None:
    """Successes, each class of failure and of status, and what became of the deliveries."""
    dispatcher, rows = claimed_by(sandbox, len(FAILURES) + 3)
    failed = [result(row, dispatcher, RETRY, **values) for row, values in zip(rows[:-3], FAILURES, strict=True)]

    record(
        sandbox, *failed, result(rows[-3], dispatcher, DEAD), result(rows[-2], dispatcher, SUCCEEDED),
        result(rows[-1], dispatcher, SUCCEEDED),
    )  # fmt: skip

    assert differences(sandbox) == []
    assert only(sandbox) == {
        "attempts_succeeded": 2, "failed_timeout": 1, "failed_connect": 1, "failed_tls": 1, "failed_dns": 1,
        "failed_blocked_address": 1, "failed_protocol": 1, "failed_3xx": 2, "failed_4xx": 3, "failed_5xx": 4,
        "deliveries_succeeded": 2, "deliveries_dead": 1,
    }  # fmt: skip


def test_how_long_it_took(sandbox: Host) -> None:
    """A bound belongs to the bucket above it; what is longer than the last one has a bucket, too."""
    (bounds,) = sandbox.rows("select request_ms, delivery_ms from outbound_webhooks.statistics_bounds")
    request_ms: Any = bounds["request_ms"]
    durations = [0, *(ms + d for ms in request_ms for d in (-1, 0)), 10**9]
    dispatcher, rows = claimed_by(sandbox, len(durations))

    record(
        sandbox, *(result(row, dispatcher, SUCCEEDED, duration_ms=ms) for row, ms in zip(rows, durations, strict=True))
    )
    ((_, row),) = counted(sandbox).items()

    assert differences(sandbox) == []
    assert row["request_buckets"] == [2] * 12
    assert sum(row["delivery_buckets"]) == len(durations)


@pytest.mark.parametrize("bucket", range(12))
def test_how_long_a_delivery_took(sandbox: Host, bucket: int) -> None:
    """From the event to the recorded answer, hours and days, too; not of those that did not succeed."""
    (bounds,) = sandbox.rows("select delivery_ms from outbound_webhooks.statistics_bounds")
    delivery_ms: Any = bounds["delivery_ms"]
    dispatcher, (one, other) = claimed_by(sandbox, 2)
    age = 0 if bucket == 0 else delivery_ms[bucket - 1]
    sandbox.rows(
        "update outbound_webhooks.deliveries set created_at = statement_timestamp() - %s * interval '1 ms'", age
    )

    record(sandbox, result(one, dispatcher, SUCCEEDED), result(other, dispatcher, DEAD))
    ((_, row),) = counted(sandbox).items()
    buckets: Any = row["delivery_buckets"]

    assert differences(sandbox) == []
    assert sum(buckets) == 1
    assert sum(buckets[bucket:]) == 1  # a slow machine may make it later than the bucket begins


def test_lost_and_late(sandbox: Host) -> None:
    """Lost by a takeover and by a shutdown; late after the takeover, late without one; repeated: each request once."""
    dispatcher, (taken, broken_off, given_back, answered) = claimed_by(sandbox, 4)
    steps.let_leases_expire(sandbox, taken["delivery_id"])
    steps.free_leases(sandbox, register(sandbox))
    steps.release(sandbox, [broken_off], may_have_left=True)
    steps.release(sandbox, [given_back])
    while_lost = only(sandbox)

    late = [result(row, dispatcher, SUCCEEDED) for row in (taken, given_back)]
    batch = [*late, result(answered, dispatcher, SUCCEEDED)]
    record(sandbox, *batch)
    record(sandbox, *batch)

    assert differences(sandbox) == []
    assert while_lost == {"attempts_lost": 2}
    assert only(sandbox) == {"attempts_succeeded": 3, "attempts_lost": 1, "deliveries_succeeded": 1}


def test_a_late_answer_of_an_hour_ago(sandbox: Host) -> None:
    """The answer is counted where its attempt stood as lost, not where it came."""
    dispatcher, (stale,) = claimed_by(sandbox, 1)
    steps.let_leases_expire(sandbox)
    steps.free_leases(sandbox, register(sandbox))
    sandbox.rows("update outbound_webhooks.attempts set recorded_at = recorded_at - interval '1 hour'")
    sandbox.rows("update outbound_webhooks.endpoint_hours set hour = hour - interval '1 hour'")
    before = counted(sandbox)

    record(sandbox, result(stale, dispatcher, RETRY))

    assert differences(sandbox) == []
    assert list(counted(sandbox)) == list(before)
    assert only(sandbox) == {"failed_5xx": 1}


def test_ended_without_an_attempt(sandbox: Host) -> None:
    """Cancelled with their endpoint, dead as parked for too long: counted, with no attempt."""
    stopped, gone = endpoint(sandbox), endpoint(sandbox)
    emit(sandbox, 3)
    sandbox.rows("select outbound_webhooks.pause_endpoint(%s)", stopped.id)
    steps.set_state(sandbox, gone.id, "retired")
    steps.settle(sandbox)
    sandbox.rows("update outbound_webhooks.deliveries set created_at = created_at - interval '15 days'")
    sandbox.rows("select outbound_webhooks.end_parked()")
    ended = {one: (row["deliveries_dead"], row["deliveries_cancelled"]) for (one, _), row in counted(sandbox).items()}

    assert differences(sandbox) == []
    assert ended == {stopped.id: (3, 0), gone.id: (0, 3)}


def test_a_backlog_that_is_not_wanted(sandbox: Host) -> None:
    """from-now cancels it: counted."""
    endpoint(sandbox)
    emit(sandbox, 5)

    sandbox.rows("select outbound_webhooks.begin_delivery('from-now', 1)")

    assert differences(sandbox) == []
    assert only(sandbox) == {"deliveries_cancelled": 5}


def test_the_check_finds_a_difference(sandbox: Host) -> None:
    """A count that is off by one, a row too many, a row too few: each is found."""
    dispatcher, (claimed, _) = claimed_by(sandbox, 2)
    record(sandbox, result(claimed, dispatcher, SUCCEEDED))
    found: list[Hour] = []
    for damage in (
        "update outbound_webhooks.endpoint_hours set attempts_lost = 1",
        "update outbound_webhooks.endpoint_hours set request_buckets[12] = 1",
        "delete from outbound_webhooks.endpoint_hours",
        "delete from outbound_webhooks.attempts",
        "delete from outbound_webhooks.finished_deliveries",
    ):
        with sandbox.connection.transaction(force_rollback=True):
            sandbox.rows(damage)
            found += [hour for hour, *_ in differences(sandbox)]

    assert found == [*counted(sandbox)] * 5


def test_a_flush_undone(sandbox: Host) -> None:
    """What is counted is of the transaction that writes: one that is undone counts nothing."""
    dispatcher, (claimed,) = claimed_by(sandbox, 1)

    with sandbox.connection.transaction(force_rollback=True):
        record(sandbox, result(claimed, dispatcher, SUCCEEDED))

    assert counted(sandbox) == {}
    assert differences(sandbox) == []


def test_a_flush_is_a_hot_update(host: Host) -> None:
    """No index knows what a flush counts: no flush adds to an index."""
    dispatcher, rows = claimed_by(host, 12)
    with host.connection.transaction():
        for row in rows:
            record(host, result(row, dispatcher, SUCCEEDED))
        (found,) = host.rows(
            "select pg_stat_get_xact_tuples_inserted(it) as inserted, pg_stat_get_xact_tuples_updated(it) as updated,"
            " pg_stat_get_xact_tuples_hot_updated(it) as hot"
            " from (values ('outbound_webhooks.endpoint_hours'::regclass)) as t (it)"
        )

    assert found == {"inserted": 1, "updated": 11, "hot": 11}


def test_two_flushes_of_two_endpoints(host: Host, connect: Connect) -> None:
    """A counts for the first endpoint, B for both, the second one first in its batch: B waits, and A goes on."""
    first, second = endpoint(host), endpoint(host)
    emit(host, 2)
    dispatcher = register(host)
    mine: dict[int, list[Row]] = {first.id: [], second.id: []}
    for row in claim(host, dispatcher):
        mine[row["endpoint_id"]].append(row)
    a, b = connect(), connect()

    with background() as running:
        with a.connection.transaction():
            record(a, result(mine[first.id][0], dispatcher, SUCCEEDED))
            flush = running.submit(
                record, b, result(mine[second.id][0], dispatcher, SLOWS), result(mine[first.id][1], dispatcher, SLOWS)
            )
            until_blocked(host, b, flush)
            record(a, result(mine[second.id][1], dispatcher, SUCCEEDED))
        assert len(flush.result(timeout=60)) == 2

    assert differences(host) == []


def test_a_tidying_leader_beside_a_flush(host: Host, connect: Connect) -> None:
    """A has counted for a retired endpoint, and goes on with one that drains: the leader waits with nothing held."""
    gone, draining = endpoint(host, max_in_flight=1), endpoint(host, max_in_flight=1)
    emit(host, 2)
    dispatcher = register(host)
    mine = {row["endpoint_id"]: row for row in claim(host, dispatcher)}
    host.rows("select outbound_webhooks.pause_endpoint(%s)", draining.id)
    steps.settle(host)
    host.rows("select outbound_webhooks.resume_endpoint(%s)", draining.id)
    steps.set_state(host, gone.id, "retired")
    a, leader = connect(), connect()

    with background() as running:
        with a.connection.transaction():
            record(a, result(mine[gone.id], dispatcher, SUCCEEDED))
            call = running.submit(steps.settle, leader)
            until_blocked(host, leader, call)
            record(a, result(mine[draining.id], dispatcher, SUCCEEDED))
        moved = call.result(timeout=60)

    assert moved == 2  # one cancelled, one due again
    assert differences(host) == []

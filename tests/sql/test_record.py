"""record_attempts: one row for one request, and where its delivery goes; only who holds the lease decides."""

from typing import Any

import psycopg
import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.steps import DEAD, RETRY, SUCCEEDED, Row, claim, emit, endpoint, record, register, result, take_over
from tests.support.host import Host

ATTEMPT = ("number", "reason", "outcome", "error_class", "http_status", "note")


def in_flight(host: Host, count: int = 1) -> tuple[int, list[Row]]:
    """A dispatcher, and the deliveries it claimed."""
    endpoint(host)
    emit(host, count)
    dispatcher = register(host)
    return dispatcher, claim(host, dispatcher)


def attempts(host: Host) -> list[tuple[Any, ...]]:
    """What is worth comparing of every attempt, by delivery and number."""
    return [tuple(row[name] for name in ATTEMPT) for row in steps.attempts(host)]


def finished(host: Host) -> list[Row]:
    """Finished deliveries, without what differs from run to run."""
    return host.rows(
        "select state, reason, attempt_count, failure_count, last_http_status, last_error_class"
        " from outbound_webhooks.finished_deliveries order by id"
    )


def test_succeeded(sandbox: Host) -> None:
    """The attempt is written, and the delivery moves to finished_deliveries with what it was."""
    dispatcher, (claimed,) = in_flight(sandbox)
    (live,) = sandbox.rows("select id, event_id, endpoint_id, clinic_id, created_at from outbound_webhooks.deliveries")

    kept = record(sandbox, result(claimed, dispatcher, SUCCEEDED))
    (moved,) = sandbox.rows(
        "select id, event_id, endpoint_id, clinic_id, created_at from outbound_webhooks.finished_deliveries"
    )

    assert kept == [claimed["lease_token"]]
    assert attempts(sandbox) == [(1, "first", "succeeded", None, 204, None)]
    assert finished(sandbox) == [
        {"state": "succeeded", "reason": None, "attempt_count": 1, "failure_count": 0, "last_http_status": 204,
         "last_error_class": None}
    ]  # fmt: skip
    assert moved == live
    assert sandbox.value("select count(*) from outbound_webhooks.deliveries") == 0


def test_retry(sandbox: Host) -> None:
    """The delivery is free, and due again after the wait; the failure is charged to the endpoint."""
    dispatcher, (claimed,) = in_flight(sandbox)

    answer = {"content_type": "text/plain", "response_excerpt": "no"}
    kept = record(sandbox, result(claimed, dispatcher, RETRY, retry_in=90.5, **answer))
    (waiting,) = sandbox.rows(
        "select attempt_count, failure_count, lease_owner, lease_token, leased_at, lease_until,"
        " next_attempt_at - statement_timestamp() between interval '30 s' and interval '90.5 s' as later"
        " from outbound_webhooks.deliveries"
    )

    assert kept == [claimed["lease_token"]]
    assert attempts(sandbox) == [(1, "first", "failed", "http_status", 500, None)]
    assert sandbox.rows("select content_type, response_excerpt from outbound_webhooks.attempts") == [answer]
    assert waiting == {
        "attempt_count": 1, "failure_count": 1, "lease_owner": None, "lease_token": None, "leased_at": None,
        "lease_until": None, "later": True,
    }  # fmt: skip


def test_uncharged_retry(sandbox: Host) -> None:
    """A failure that is not the endpoint's does not move it along its retry schedule."""
    dispatcher, (claimed,) = in_flight(sandbox)

    record(sandbox, result(claimed, dispatcher, RETRY, charged=False))
    counts = sandbox.rows("select attempt_count, failure_count from outbound_webhooks.deliveries")

    assert counts == [{"attempt_count": 1, "failure_count": 0}]


def test_dead_after_a_retry(sandbox: Host) -> None:
    """The last attempt is a retry by name; the delivery is finished as dead, with the reason and the last failure."""
    dispatcher, (first,) = in_flight(sandbox)
    record(sandbox, result(first, dispatcher, RETRY))
    steps.make_due(sandbox)
    (second,) = claim(sandbox, dispatcher)

    record(sandbox, result(second, dispatcher, DEAD, http_status=None, error_class="timeout"))

    assert [a[:4] for a in attempts(sandbox)] == [
        (1, "first", "failed", "http_status"),
        (2, "retry", "failed", "timeout"),
    ]
    assert finished(sandbox) == [
        {"state": "dead", "reason": "no attempts left", "attempt_count": 2, "failure_count": 2,
         "last_http_status": None, "last_error_class": "timeout"}
    ]  # fmt: skip


def test_410_beside_a_locked_endpoint(host: Host, connect: Connect) -> None:
    """Somebody holds the endpoint's row locked: results are written all the same, and the next 410 disables it."""
    created = steps.endpoint(host)
    emit(host, 2)
    dispatcher = register(host)
    first, second = claim(host, dispatcher)
    locker = connect()
    host.rows("set statement_timeout = '30s'")

    with locker.connection.transaction():
        locker.rows("update outbound_webhooks.endpoints set description = 'edited' where id = %s", created.id)
        kept = record(host, result(first, dispatcher, RETRY, http_status=410, disable="gone"))
        while_locked = host.value("select state from outbound_webhooks.endpoints")
    record(host, result(second, dispatcher, RETRY, http_status=410, disable="gone"))

    assert kept == [first["lease_token"]]
    assert while_locked == "active"
    assert host.value("select state from outbound_webhooks.endpoints") == "disabled"


def test_a_batch(sandbox: Host) -> None:
    """Results of many deliveries are one statement; each goes its own way."""
    dispatcher, (a, b, c) = in_flight(sandbox, 3)

    kept = record(sandbox, result(c, dispatcher, DEAD), result(a, dispatcher, SUCCEEDED), result(b, dispatcher, RETRY))

    assert kept == [a["lease_token"], b["lease_token"], c["lease_token"]]
    assert steps.states(sandbox) == dict(zip(steps.ids([a, b, c]), ["succeeded", "pending", "dead"], strict=True))
    assert len(attempts(sandbox)) == 3


def test_a_late_result_takes_the_place_of_lost(sandbox: Host) -> None:
    """A result whose lease was taken over moves nothing; its request stays one row, with its outcome."""
    dispatcher, (stale,) = in_flight(sandbox)
    steps.let_leases_expire(sandbox)
    (current,) = take_over(sandbox, register(sandbox))

    kept = record(sandbox, result(stale, dispatcher, SUCCEEDED, note="body_truncated"))

    assert kept == []
    assert attempts(sandbox) == [(1, "first", "succeeded", None, 204, "late, body_truncated")]
    assert steps.states(sandbox) == {current["delivery_id"]: "in_flight"}
    assert sandbox.value("select lease_token from outbound_webhooks.deliveries") == current["lease_token"]


def test_a_late_result_after_the_delivery_is_finished(sandbox: Host) -> None:
    """The delivery stays as the new owner's result left it; both requests have their row."""
    dispatcher, (stale,) = in_flight(sandbox)
    steps.let_leases_expire(sandbox)
    other = register(sandbox)
    (current,) = take_over(sandbox, other)
    record(sandbox, result(current, other, SUCCEEDED))

    kept = record(sandbox, result(stale, dispatcher, DEAD, http_status=410, disable="gone"))

    assert kept == []
    assert [a[:3] for a in attempts(sandbox)] == [(1, "first", "failed"), (2, "retry", "succeeded")]
    assert [f["state"] for f in finished(sandbox)] == ["succeeded"]
    assert sandbox.value("select state from outbound_webhooks.endpoints") == "active"


def test_a_late_result_after_an_unsent_release(sandbox: Host) -> None:
    """A token that was given back has no lost row: the result becomes an attempt of its own, noted as late."""
    dispatcher, (stale,) = in_flight(sandbox)
    steps.release(sandbox, [stale])

    kept = record(sandbox, result(stale, dispatcher, SUCCEEDED))

    assert kept == []
    assert attempts(sandbox) == [(1, "first", "succeeded", None, 204, "late")]
    assert steps.states(sandbox) == {stale["delivery_id"]: "pending"}


def test_late_and_current_result_in_one_batch(sandbox: Host) -> None:
    """A dispatcher that took over its own expired lease may flush both results: each request stays one row."""
    dispatcher, (stale,) = in_flight(sandbox)
    steps.let_leases_expire(sandbox)
    (current,) = take_over(sandbox, dispatcher)

    kept = record(sandbox, result(stale, dispatcher, SUCCEEDED), result(current, dispatcher, SUCCEEDED))

    assert kept == [current["lease_token"]]
    assert attempts(sandbox) == [
        (1, "first", "succeeded", None, 204, "late"),
        (2, "retry", "succeeded", None, 204, None),
    ]
    assert [f["state"] for f in finished(sandbox)] == ["succeeded"]


@pytest.mark.parametrize("values", [SUCCEEDED, RETRY, DEAD], ids=["succeeded", "retry", "dead"])
def test_a_repeated_flush_adds_nothing(sandbox: Host, values: Row) -> None:
    """The connection broke after the commit, and the batch comes again: not a row more, nothing moves."""
    dispatcher, (claimed,) = in_flight(sandbox)
    batch = result(claimed, dispatcher, values)
    record(sandbox, batch)
    tables = ("deliveries", "finished_deliveries", "attempts")
    before = [sandbox.rows(f"select * from outbound_webhooks.{table}") for table in tables]

    kept = record(sandbox, batch)
    after = [sandbox.rows(f"select * from outbound_webhooks.{table}") for table in tables]

    assert kept == []
    assert after == before


@pytest.mark.parametrize(
    ("state", "afterwards"),
    [("active", "disabled"), ("paused", "disabled"), ("disabled", "disabled"), ("retired", "retired")],
)
def test_gone(sandbox: Host, state: str, afterwards: str) -> None:
    """410 disables the endpoint, with the reason; one that was retired or disabled meanwhile stays so."""
    dispatcher, (claimed,) = in_flight(sandbox)
    steps.set_state(sandbox, claimed["endpoint_id"], state)

    record(sandbox, result(claimed, dispatcher, DEAD, http_status=410, disable="answered 410 Gone"))
    (found,) = sandbox.rows("select state, state_reason from outbound_webhooks.endpoints")

    changed = state in ("active", "paused")
    assert found == {"state": afterwards, "state_reason": "answered 410 Gone" if changed else "a test"}


@pytest.mark.parametrize(
    "values",
    [
        {**SUCCEEDED, "state": "failed"},
        {**SUCCEEDED, "state": "parked"},
        {**SUCCEEDED, "outcome": "dead"},
        {**RETRY, "error_class": "bad luck"},
        {**RETRY, "error_class": None},
        {**SUCCEEDED, "error_class": "timeout"},
        {**DEAD, "reason": None},
        {**SUCCEEDED, "reason": "none needed"},
    ],
    ids=["state", "live state", "outcome", "class", "no class", "class of success", "no reason", "reason of success"],
)
def test_unknown_values_are_refused(sandbox: Host, values: Row) -> None:
    """What the tables do not know fails by their CHECKs, and the delivery stays leased."""
    dispatcher, (claimed,) = in_flight(sandbox)
    before = sandbox.rows("select * from outbound_webhooks.deliveries")

    with pytest.raises(psycopg.errors.CheckViolation), sandbox.connection.transaction():
        record(sandbox, result(claimed, dispatcher, values))

    assert sandbox.rows("select * from outbound_webhooks.deliveries") == before
    assert steps.attempts(sandbox) == []


def test_two_flushes_in_opposite_order(host: Host, connect: Connect) -> None:
    """A holds the first delivery; B flushes both, the second one first, and waits for A instead of deadlocking."""
    dispatcher, (first, second) = in_flight(host, 2)
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            record(a, result(first, dispatcher, RETRY))
            flush = running.submit(record, b, result(second, dispatcher, RETRY), result(first, dispatcher, RETRY))
            until_blocked(host, b, flush)
            record(a, result(second, dispatcher, SUCCEEDED))
        kept_by_b = flush.result(timeout=60)

    assert kept_by_b == []
    assert steps.states(host) == {first["delivery_id"]: "pending", second["delivery_id"]: "succeeded"}
    assert [a[2] for a in attempts(host)] == ["failed", "succeeded"]

"""replay: many finished deliveries again, by choice, at a rate, batch by batch; stopped, resumed, and never twice."""

import time
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.steps import (
    DEAD,
    RETRY,
    SUCCEEDED,
    advance,
    claim,
    dry_run,
    emit,
    end_all,
    endpoint,
    record,
    register,
    replayed,
    result,
    start_replay,
)
from tests.support.host import Host

STOP = "select outbound_webhooks.stop_replay(%s)"
RESUME = "select outbound_webhooks.resume_replay(%s)"


def dead(host: Host, count: int, **options: Any) -> list[int]:
    """So many dead deliveries of a new endpoint."""
    endpoint(host, max_in_flight=1000, **options)
    emit(host, count)
    # Failures in a row would open its breaker.
    host.rows("update outbound_webhooks.settings set breaker_failures = 1000")
    return end_all(host, DEAD)


def live(host: Host) -> list[tuple[int, Any]]:
    """What is live, as it is due: how many seconds after the first."""
    rows = host.rows(
        "select id, extract(epoch from next_attempt_at - min(next_attempt_at) over ())::float8 as after"
        " from outbound_webhooks.deliveries order by next_attempt_at, id"
    )
    return [(int(str(row["id"])), float(str(row["after"]))) for row in rows]


def to_its_end(host: Host, replay: int, batches: int = 100) -> None:
    """Batch after batch, each as if its time had come."""
    for _ in range(batches):
        if advance(host, replay) is None:
            return
        steps.let_spread_pass(host, replay, 10)
    raise AssertionError("it does not end")


def choices(host: Host) -> dict[str, int]:
    """Deliveries that differ in all that a replay chooses by; returns their ids by what they are."""
    one, other = endpoint(host), endpoint(host, clinic="clinic-2")
    found = {}
    for name, clinic, values, event_type, resource in (
        ("dead", "clinic-1", DEAD, "payment_transaction.created", "1"),
        (
            "timeout",
            "clinic-1",
            {**DEAD, "http_status": None, "error_class": "timeout"},
            "payment_transaction.paid",
            "2",
        ),
        ("succeeded", "clinic-1", SUCCEEDED, "payment_transaction.created", "1"),
        ("other clinic", "clinic-2", DEAD, "invoice.created", "1"),
    ):
        host.rows(
            "select outbound_webhooks.emit(%s, %s, %s, %s, '{}')",
            clinic,
            event_type,
            event_type.split(".")[0],
            resource,
        )
        (found[name],) = end_all(host, values)
    (found["cancelled"],) = emit(host)
    host.rows("select outbound_webhooks.cancel_deliveries(%s)", one.id)
    assert (one.id, other.id) == (1, 2)
    return found


@pytest.mark.parametrize(
    ("options", "meant"),
    [
        ({"endpoint_id": 1}, ["dead", "timeout"]),
        ({"endpoint_id": 1, "state": None}, ["dead", "timeout", "succeeded", "cancelled"]),
        ({"endpoint_id": 1, "state": "succeeded"}, ["succeeded"]),
        ({"endpoint_id": 1, "state": "cancelled"}, ["cancelled"]),
        ({"endpoint_id": 2}, ["other clinic"]),
        ({"clinic_id": "clinic-1"}, ["dead", "timeout"]),
        ({"clinic_id": "clinic-2", "endpoint_id": 2}, ["other clinic"]),
        ({"type": "*"}, ["dead", "timeout", "other clinic"]),
        ({"type": "payment_transaction.*"}, ["dead", "timeout"]),
        ({"type": "payment_transaction.created", "state": None}, ["dead", "succeeded", "cancelled"]),
        ({"resource": "payment_transaction"}, ["dead", "timeout"]),
        ({"resource": "payment_transaction", "resource_id": "1", "state": None}, ["dead", "succeeded", "cancelled"]),
        ({"error_class": "timeout"}, ["timeout"]),
        ({"error_class": "http_status"}, ["dead", "other clinic"]),
        ({"since": "epoch"}, ["dead", "timeout", "other clinic"]),
        ({"since": "-infinity", "until": "infinity"}, ["dead", "timeout", "other clinic"]),
        ({"since": "tomorrow"}, []),
        ({"until": "yesterday"}, []),
        ({"clinic_id": "clinic-3"}, []),
    ],
    ids=str,
)
def test_what_is_meant(numbered: Host, options: dict[str, Any], meant: list[str]) -> None:
    """All that is named has to fit; a dry run counts what the replay then moves."""
    names = {delivery: name for name, delivery in choices(numbered).items()}
    counted = dry_run(numbered, **options)
    untouched = live(numbered)
    if meant:
        to_its_end(numbered, start_replay(numbered, **options))

    assert untouched == []
    assert {names[delivery] for delivery, _ in live(numbered)} == set(meant)
    assert counted == len(meant)


def test_between_two_events(numbered: Host) -> None:
    """Since includes its moment, until does not: of three events, each a second apart, the one in the middle."""
    deliveries = dead(numbered, 3)
    moments = [datetime(2026, 3, 1, 9, 0, second, tzinfo=UTC) for second in (1, 2, 3)]
    for moment, delivery in zip(moments, deliveries, strict=True):
        numbered.rows(
            "update outbound_webhooks.finished_deliveries"
            " set event_id = outbound_webhooks.uuid_v7_floor(%s) where id = %s",
            moment, delivery,
        )  # fmt: skip

    assert dry_run(numbered, since=moments[1], until=moments[2]) == 1
    assert dry_run(numbered, since=moments[1]) == 2
    assert dry_run(numbered, until=moments[2]) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "nothing is chosen"),
        ({"state": "dead"}, "nothing is chosen"),
        ({"state": "pending", "clinic_id": "clinic-1"}, "deliveries in state 'pending' are not replayed"),
        ({"endpoint_id": 4711}, "there is no endpoint 4711"),
        ({"endpoint_id": 1, "clinic_id": "clinic-2"}, "endpoint 1 is of another clinic: clinic-1"),
        ({"type": "created"}, "event type 'created' is no pattern"),
        ({"resource_id": "1", "clinic_id": "clinic-1"}, "a resource id needs its resource"),
        ({"error_class": "bad luck"}, "there is no error class 'bad luck'"),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "the time is over before it begins"),
        ({"clinic_id": "clinic-1", "rate": 0}, "the rate of a replay is 1 to 10000 deliveries a second, not 0"),
        ({"clinic_id": "clinic-1", "rate": None}, "the rate of a replay is 1 to 10000 deliveries a second, not null"),
    ],
    ids=str,
)
def test_refused(numbered: Host, options: dict[str, object], message: str) -> None:
    """What cannot be meant is not guessed at; nothing is started."""
    dead(numbered, 1)

    with pytest.raises(psycopg.Error, match=message), numbered.connection.transaction():
        start_replay(numbered, **options)

    assert numbered.rows("select id from outbound_webhooks.replays") == []


def test_nothing_to_do(numbered: Host) -> None:
    """No replay, and no line in the audit log."""
    dead(numbered, 1)
    (row,) = numbered.rows("select * from outbound_webhooks.replay(p_clinic_id => 'clinic-2')")

    assert row == {"replay_id": None, "deliveries": 0}
    assert numbered.rows("select id from outbound_webhooks.replays") == []
    assert numbered.rows("select id from outbound_webhooks.audit_log") == []


def test_at_a_rate(numbered: Host) -> None:
    """A fifth of a second's worth at a time, oldest first, each due behind the one before, from batch to batch too."""
    deliveries = dead(numbered, 50)
    replay = start_replay(numbered, endpoint_id=1, rate=50)

    started = time.monotonic()
    first = advance(numbered, replay)
    again = advance(numbered, replay)
    steps.let_spread_pass(numbered, replay, 0.1)
    numbered.rows("update outbound_webhooks.deliveries set next_attempt_at = next_attempt_at - interval '0.1 s'")
    later = advance(numbered, replay)
    found = live(numbered)

    # A little time passes by itself, and each call rounds up.
    moved = [batch["moved"] for batch in (first, again, later) if batch]
    assert moved[0] == 10
    assert 15 <= sum(moved) <= 15 + (time.monotonic() - started) * 50 + 2
    assert [delivery for delivery, _ in found] == deliveries[: len(found)]
    assert [after for _, after in found] == pytest.approx([n / 50 for n in range(len(found))])
    assert replayed(numbered, replay)["moved"] == len(found)


def test_no_burst_after_a_pause(numbered: Host) -> None:
    """However long nobody advanced it: what was not sent then is not made up for."""
    dead(numbered, 50)
    replay = start_replay(numbered, endpoint_id=1, rate=50)
    advance(numbered, replay)
    steps.let_spread_pass(numbered, replay, 3600)

    batch = advance(numbered, replay)

    assert batch is not None
    assert batch["moved"] == 10


def test_a_batch_is_bounded(numbered: Host) -> None:
    """Whatever the rate, one call moves as many as it was told, and one that may go on says so."""
    dead(numbered, 10)
    replay = start_replay(numbered, endpoint_id=1, rate=10000)

    batches = [advance(numbered, replay, 4) for _ in range(4)]

    assert [batch and (batch["moved"], batch["state"], batch["look_again"]) for batch in batches] == [
        (4, "running", True), (4, "running", True), (2, "done", False), None,
    ]  # fmt: skip


def test_stopped_and_resumed(numbered: Host) -> None:
    """Stopped, it moves nothing; resumed, it goes on where it was; done, it can be neither."""
    deliveries = dead(numbered, 10)
    replay = start_replay(numbered, endpoint_id=1, rate=10000)
    advance(numbered, replay, 4)
    numbered.rows(STOP, replay)
    numbered.rows(STOP, replay)
    while_stopped = (advance(numbered, replay), live(numbered))
    numbered.rows(RESUME, replay)
    to_its_end(numbered, replay)

    assert while_stopped[0] is None
    assert [delivery for delivery, _ in while_stopped[1]] == deliveries[:4]
    assert [delivery for delivery, _ in live(numbered)] == deliveries
    for change in (STOP, RESUME):
        with (
            pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="is done"),
            numbered.connection.transaction(),
        ):
            numbered.rows(change, replay)
    with pytest.raises(psycopg.errors.NoDataFound, match="there is no replay 4711"), numbered.connection.transaction():
        numbered.rows(STOP, 4711)


def test_one_line_in_the_audit_log(numbered: Host) -> None:
    """However many deliveries it is about; its stop and its resumption are lines, too. It says what was chosen."""
    dead(numbered, 10)
    numbered.rows("select set_config('outbound_webhooks.actor', 'ana', true)")
    replay = start_replay(numbered, endpoint_id=1, rate=10000)
    advance(numbered, replay, 4)
    numbered.rows(STOP, replay)
    numbered.rows(STOP, replay)
    numbered.rows(RESUME, replay)
    to_its_end(numbered, replay)
    lines = numbered.rows(
        "select action, subject, clinic_id, actor, details from outbound_webhooks.audit_log order by id"
    )

    assert [line.pop("action") for line in lines] == ["replay.started", "replay.stopped", "replay.resumed"]
    details = [line.pop("details") for line in lines]
    assert lines == [{"subject": f"replay {replay}", "clinic_id": "clinic-1", "actor": "ana"}] * 3
    assert details[0] == {
        "endpoint_id": 1, "clinic_id": "clinic-1", "state": "dead", "rate": 10000, "deliveries": 10,
    }  # fmt: skip
    assert details[1] == {"moved": 4, "skipped": {}, "of": 10}
    assert (replayed(numbered, replay)["started_by"], replayed(numbered, replay)["actor"]) == ("postgres", "ana")


def test_what_dies_again_is_not_replayed_again(numbered: Host) -> None:
    """Behind the replay, or before it: what is finished after it began is not meant."""
    deliveries = dead(numbered, 4)
    replay = start_replay(numbered, endpoint_id=1, rate=10000)
    # The last one is retried and dies by itself before the replay comes to it.
    numbered.rows("select outbound_webhooks.retry_delivery(%s)", deliveries[-1])
    end_all(numbered, DEAD)
    for _ in range(2):
        advance(numbered, replay, 2)
        numbered.rows("update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp()")
        end_all(numbered, DEAD)
    to_its_end(numbered, replay)

    assert {row["delivery_id"]: row["n"] for row in numbered.rows(
        "select delivery_id, count(*) as n from outbound_webhooks.attempts group by 1"
    )} == dict.fromkeys(deliveries, 2)  # fmt: skip
    assert replayed(numbered, replay)["moved"] == 3


def test_skipped_by_reason(numbered: Host) -> None:
    """What cannot be sent is left as it is, and counted by the reason; the others go."""
    names = ("active", "paused", "disabled", "retired")
    for _ in names:
        endpoint(numbered)
    emit(numbered, 2)
    deliveries = end_all(numbered, DEAD)
    for number, state in enumerate(names, 1):
        steps.set_state(numbered, number, state)
    numbered.rows(
        "delete from outbound_webhooks.events where id = (select event_id from outbound_webhooks.finished_deliveries"
        " where id = %s)",
        deliveries[-1],
    )
    replay = start_replay(numbered, clinic_id="clinic-1", rate=10000)
    to_its_end(numbered, replay)
    found = replayed(numbered, replay)

    assert (found["total"], found["moved"]) == (8, 1)
    assert found["skipped"] == {"endpoint paused": 2, "endpoint disabled": 2, "endpoint retired": 2, "event gone": 1}
    assert len(live(numbered)) == 1


def test_a_page_without_any(numbered: Host) -> None:
    """What is not meant is passed over, page by page: a batch that only looked says that more may come."""
    dead(numbered, 2)
    numbered.rows(
        "insert into outbound_webhooks.finished_deliveries (id, event_id, endpoint_id, clinic_id, state, reason,"
        " created_at, finished_at, attempt_count, failure_count)"
        " select 1000 + n, gen_random_uuid(), 1, 'clinic-1', 'dead', 'a test', now(), now(), 1, 1"
        " from generate_series(1, 1200) as n"
    )
    numbered.rows("select setval('outbound_webhooks.delivery_ids', 10000)")
    (last,) = emit(numbered, resource_id="2")
    end_all(numbered, DEAD)
    replay = start_replay(numbered, resource="payment_transaction", resource_id="2")

    batches = [advance(numbered, replay) for _ in range(3)]

    assert [batch and (batch["moved"], batch["look_again"]) for batch in batches] == [(0, True), (0, True), (1, False)]
    assert [delivery for delivery, _ in live(numbered)] == [last]


def test_a_receiver_that_has_enough(numbered: Host) -> None:
    """While as many are due as it may have in flight, a replay waits; it goes on when they are on their way."""
    dead(numbered, 20)
    numbered.rows("update outbound_webhooks.endpoints set max_in_flight = 5")
    emit(numbered, 5)
    replay = start_replay(numbered, endpoint_id=1, rate=20)

    while_crowded = advance(numbered, replay)
    claim(numbered, register(numbered))
    afterwards = advance(numbered, replay)

    assert while_crowded == {"moved": 0, "skipped": 0, "state": "running", "look_again": False}
    assert afterwards is not None
    assert afterwards["moved"] == 4


def test_order_is_kept(numbered: Host) -> None:
    """Dead deliveries of one payment come one after the other, before newer ones that still wait."""
    deliveries = dead(numbered, 3)
    numbered.rows("update outbound_webhooks.endpoints set ordering = 'per_resource'")
    newer = emit(numbered)
    to_its_end(numbered, start_replay(numbered, endpoint_id=1, rate=10000))

    told: list[int] = []
    while done := end_all(numbered, SUCCEEDED):
        assert len(done) == 1
        told += done

    assert told == [*deliveries, *newer]


def test_a_stop_waits_for_the_batch(host: Host, connect: Connect) -> None:
    """A advances in an open transaction, B stops it: B waits; what A moved stays moved, and nothing follows."""
    dead(host, 10)
    replay = start_replay(host, endpoint_id=1, rate=10000)
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            advance(a, replay, 4)
            call = running.submit(b.rows, STOP, replay)
            until_blocked(host, b, call)
        call.result(timeout=60)

    assert advance(host, replay) is None
    assert (replayed(host, replay)["state"], replayed(host, replay)["moved"]) == ("stopped", 4)
    assert len(live(host)) == 4


def test_two_leaders(host: Host, connect: Connect) -> None:
    """A and B take themselves for the leader: B waits for A's batch, and goes on behind it; nothing moves twice."""
    deliveries = dead(host, 10)
    replay = start_replay(host, endpoint_id=1, rate=10000)
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            advance(a, replay, 4)
            call = running.submit(advance, b, replay, 4)
            until_blocked(host, b, call)
        by_b = call.result(timeout=60)

    assert by_b is not None
    assert by_b["moved"] == 4
    assert [delivery for delivery, _ in live(host)] == deliveries[:8]


def test_a_batch_that_is_taken_back(host: Host, connect: Connect) -> None:
    """A dispatcher dies in the middle of a batch: nothing of it has happened, and the next leader goes on."""
    deliveries = dead(host, 10)
    replay = start_replay(host, endpoint_id=1, rate=10000)
    advance(host, replay, 4)
    a = connect()
    with a.connection.transaction(force_rollback=True):
        advance(a, replay, 4)
    to_its_end(host, replay)

    assert [delivery for delivery, _ in live(host)] == deliveries
    assert replayed(host, replay)["moved"] == 10


def test_beside_a_retry(host: Host, connect: Connect) -> None:
    """A retries one in an open transaction: the batch does not wait, and moves the others."""
    deliveries = dead(host, 3)
    replay = start_replay(host, endpoint_id=1, rate=10000)
    a = connect()
    host.rows("set statement_timeout = '30s'")
    with a.connection.transaction():
        a.rows("select outbound_webhooks.retry_delivery(%s)", deliveries[1])
        advance(host, replay)

    assert sorted(delivery for delivery, _ in live(host)) == deliveries
    assert replayed(host, replay)["moved"] == 2


def test_payments_do_not_wait(host: Host, connect: Connect) -> None:
    """A batch in an open transaction: payments commit, are claimed and recorded, without waiting for it."""
    dead(host, 3)
    replay = start_replay(host, endpoint_id=1, rate=10000)
    a = connect()
    host.rows("set statement_timeout = '30s'")
    with a.connection.transaction():
        advance(a, replay)
        host.pay()
        (claimed,) = claim(host, dispatcher := register(host))
        kept = record(host, result(claimed, dispatcher, RETRY))

    assert kept == [claimed["lease_token"]]
    assert host.value("select count(*) from outbound_webhooks.capture_errors") == 0

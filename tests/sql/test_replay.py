"""replay: many again at a rate, batch by batch; stopped, resumed, skipped, and never twice."""

import time

import psycopg
import pytest

from tests.sql import steps
from tests.sql.replaying import (
    advance,
    dead,
    let_spread_pass,
    live,
    replayed,
    retry,
    start_replay,
    to_its_end,
)
from tests.sql.steps import (
    DEAD,
    SUCCEEDED,
    claim,
    emit,
    end_all,
    endpoint,
    ids,
    make_due,
    open_breaker,
    register,
    release,
    visit,
)
from tests.support.host import Host

STOP = "select outbound_webhooks.stop_replay(%s)"
RESUME = "select outbound_webhooks.resume_replay(%s)"


def test_at_a_rate(numbered: Host) -> None:
    """A fifth of a second's worth at a time, oldest first, each due behind the one before, from batch to batch too."""
    deliveries = dead(numbered, 50)
    replay = start_replay(numbered, endpoint_id=1, rate=50)

    started = time.monotonic()
    first = advance(numbered, replay)
    again = advance(numbered, replay)
    let_spread_pass(numbered, replay, 0.1)
    numbered.rows("update outbound_webhooks.deliveries set next_attempt_at = next_attempt_at - interval '0.1 s'")
    later = advance(numbered, replay)
    took = time.monotonic() - started
    found = live(numbered)

    # A little time passes by itself, and each call rounds up.
    moved = [batch["moved"] for batch in (first, again, later) if batch]
    assert moved[0] == 10
    assert 15 <= sum(moved) <= 15 + took * 50 + 2
    assert [delivery for delivery, _ in found] == deliveries[: len(found)]
    # Without a gap, unless a call came so late that what was made due before it had all become due.
    gap = max(0.0, took - 0.1)
    assert all(n / 50 - 1e-5 < after < n / 50 + gap + 1e-5 for n, (_, after) in enumerate(found))
    assert replayed(numbered, replay)["moved"] == len(found)


def test_no_burst_after_a_pause(numbered: Host) -> None:
    """However long nobody advanced it: what was not sent then is not made up for."""
    dead(numbered, 50)
    replay = start_replay(numbered, endpoint_id=1, rate=50)
    advance(numbered, replay)
    let_spread_pass(numbered, replay, 3600)

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
        "select action, subject, clinic_id, actor, details from outbound_webhooks.audit_log"
        " where action like 'replay.%' order by id"
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


def test_what_is_new_goes_first(numbered: Host) -> None:
    """A payment does not queue behind what a replay made due; what was claimed once, or is asked for, counts as new."""
    first, second, third, fourth = dead(numbered, 4)
    advance(numbered, start_replay(numbered, endpoint_id=1, rate=10000), limit=4)
    (new,) = emit(numbered)
    numbered.rows("update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp() - interval '1 s' / id")
    dispatcher = register(numbered)

    turns = [claim(numbered, dispatcher, limit=1) for _ in range(2)]
    release(numbered, turns[1])
    numbered.rows("update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp() where id = %s", first)
    again = claim(numbered, dispatcher, limit=1)
    retry(numbered, fourth)
    rest = [claim(numbered, dispatcher, limit=1) for _ in range(3)]

    assert [ids(turn) for turn in turns] == [[new], [first]]
    assert ids(again) == [first]
    assert [ids(turn) for turn in rest] == [[fourth], [second], [third]]


def test_afterwards_all_is_in_turn(numbered: Host) -> None:
    """Once the replay has made all of it due, it goes by its time, like the rest: nothing of it stays behind."""
    first, second = dead(numbered, 2)
    advance(numbered, start_replay(numbered, endpoint_id=1, rate=10000))
    (new,) = emit(numbered)
    numbered.rows("update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp() - interval '1 s' / id")
    dispatcher = register(numbered)

    turns = [claim(numbered, dispatcher, limit=1) for _ in range(3)]

    assert [ids(turn) for turn in turns] == [[first], [second], [new]]


def test_room_is_left_for_what_is_new(numbered: Host) -> None:
    """A replay gets nine tenths of the slots that its endpoint may have at the most, and of those of its clinic."""
    dead(numbered, 40)
    numbered.rows("update outbound_webhooks.endpoints set max_in_flight = 20")
    advance(numbered, start_replay(numbered, endpoint_id=1, rate=10000), limit=40)
    make_due(numbered)
    dispatcher = register(numbered)

    for_its_clinic = claimed(numbered, dispatcher, share=10)
    in_bulk = claimed(numbered, dispatcher)
    emit(numbered, 3)
    new = claimed(numbered, dispatcher)

    assert (for_its_clinic, in_bulk, new) == (9, 18 - 9, 2)


def test_a_probe_may_be_replayed(numbered: Host) -> None:
    """An endpoint of which nothing else is due is probed with what a replay made due."""
    dead(numbered, 3)
    numbered.rows("update outbound_webhooks.endpoints set max_in_flight = 20")
    advance(numbered, start_replay(numbered, endpoint_id=1, rate=10000), limit=3)
    make_due(numbered)
    open_breaker(numbered, 1, "-1 second")

    assert claimed(numbered, register(numbered)) == 1


def claimed(host: Host, dispatcher: int, share: int = 1000) -> int:
    """How many deliveries a round gets."""
    return sum(row["delivery_id"] is not None for row in visit(host, dispatcher, share=share))


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

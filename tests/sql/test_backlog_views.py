"""backlog and retry_calendar: what waits, counted by what it waits for and by when it is due."""

from collections import Counter
from datetime import timedelta

from tests.sql import steps
from tests.sql.explaining import delivering
from tests.sql.steps import RETRY, Row, claim, emit, endpoint, record, result, settle
from tests.sql.viewing import view
from tests.support.host import Host

# When deliveries are due, from now, and the slot that each is in.
SLOTS = {
    "-1 hour": timedelta(0),
    "-1 second": timedelta(0),
    "50 seconds": timedelta(minutes=1),
    "4 minutes": timedelta(minutes=5),
    "14 minutes": timedelta(minutes=15),
    "50 minutes": timedelta(hours=1),
    "5 hours": timedelta(hours=6),
    "23 hours": timedelta(hours=24),
    "6 days": timedelta(days=7),
    "8 days": None,
}


def mixed(host: Host) -> None:
    """Live deliveries of every kind: two endpoints of a clinic, one of another; one keeps order, one is paused."""
    dispatcher = delivering(host)
    ordered, paused = endpoint(host, ordering="per_resource"), endpoint(host)
    endpoint(host, "clinic-2", max_in_flight=2)
    emit(host, 3, resource_id="1")
    emit(host, 2, resource_id="2")
    emit(host, 6, "clinic-2")
    steps.set_state(host, paused.id, "paused")
    settle(host)
    claimed = claim(host, dispatcher)
    (first, *_) = (row for row in claimed if row["endpoint_id"] == ordered.id)
    record(host, result(first, dispatcher, RETRY, retry_in=3000))
    theirs = [int(row["delivery_id"]) for row in claimed if row["clinic_id"] == "clinic-2"]
    steps.let_leases_expire(host, theirs[0])
    claim(host, dispatcher)  # what waits behind an older one is put off


def test_each_delivery_is_counted_once(sandbox: Host) -> None:
    """By endpoint, as many as there are; by state, as delivery_log has them."""
    mixed(sandbox)
    log = sandbox.rows("select endpoint_id, state from outbound_webhooks.delivery_log where finished_at is null")

    rows = view(sandbox, "backlog")

    counted: Counter[tuple[object, object]] = Counter()
    for row in rows:
        counted[row["endpoint_id"], row["state"]] += row["deliveries"]
    assert counted == Counter((row["endpoint_id"], row["state"]) for row in log)
    assert {(row["state"], row["reason"]) for row in rows} == {
        ("parked", "paused"), ("in_flight", None), ("pending", "due"), ("pending", "not_due"), ("pending", "held_back"),
        ("pending", "lease_over"),
    }  # fmt: skip


def test_what_the_next_hour_brings(sandbox: Host) -> None:
    """Of what is not due, that whose time comes within the hour; of what is due, how late the first of it is."""
    endpoint(sandbox, max_in_flight=1)
    ids = emit(sandbox, 5)
    for delivery, when in zip(ids, ("-2 hours", "-1 hour", "59 minutes", "61 minutes", "1 day"), strict=True):
        sandbox.rows(
            "update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp() + %s::interval where id = %s",
            when, delivery,
        )  # fmt: skip

    rows = {row["reason"]: row for row in view(sandbox, "backlog")}

    assert {reason: (row["deliveries"], row["due_in_an_hour"]) for reason, row in rows.items()} == {
        "due": (2, 0), "not_due": (3, 1),
    }  # fmt: skip
    assert rows["due"]["oldest_due_seconds"] >= 7200
    assert rows["not_due"]["oldest_due_seconds"] is None
    assert rows["due"]["oldest"] == sandbox.value("select min(created_at) from outbound_webhooks.deliveries")


def test_slots(sandbox: Host) -> None:
    """Each pending delivery is in the slot in which its time comes; parked ones and those in flight have none."""
    dispatcher, created = delivering(sandbox), endpoint(sandbox, max_in_flight=1)
    ids = emit(sandbox, len(SLOTS) + 2)
    for delivery, when in zip(ids, (*SLOTS, "0 seconds", "0 seconds"), strict=True):
        sandbox.rows(
            "update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp() + %s::interval where id = %s",
            when, delivery,
        )  # fmt: skip
    sandbox.rows("update outbound_webhooks.deliveries set parked_reason = 'paused' where id = %s", ids[-1])
    sandbox.rows("update outbound_webhooks.deliveries set next_attempt_at = '2000-01-01' where id = %s", ids[-2])
    assert steps.ids(claim(sandbox, dispatcher)) == [ids[-2]]

    rows = {row["due_within"]: row for row in view(sandbox, "retry_calendar", "endpoint_id = %s", created.id)}

    assert {slot: row["deliveries"] for slot, row in rows.items()} == Counter(SLOTS.values())
    assert rows[timedelta(hours=1)]["earliest"] == sandbox.value(
        "select next_attempt_at from outbound_webhooks.deliveries where id = %s", ids[5]
    )


def test_what_is_due_in_a_slot(sandbox: Host) -> None:
    """Retries and first attempts are told apart, and what only waits behind an older one."""
    mixed(sandbox)

    rows = view(sandbox, "retry_calendar")
    pending: list[Row] = sandbox.rows(
        "select held_back, attempt_count from outbound_webhooks.deliveries"
        " where parked_reason is null and lease_token is null"
    )

    told = [sum(row[name] for row in rows) for name in ("deliveries", "held_back", "first_attempts")]
    behind, first = sum(row["held_back"] for row in pending), sum(row["attempt_count"] == 0 for row in pending)
    assert told == [len(pending), behind, first]
    assert 0 < behind < first < len(pending)

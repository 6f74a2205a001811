"""cancel_deliveries: live deliveries given up, by choice, with a reason."""

import psycopg
import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.steps import SUCCEEDED, claim, emit, end_all, endpoint, ids, register
from tests.support.host import Host


def cancel(host: Host, **options: object) -> tuple[object, object]:
    """Cancel; options are the parameters without p_. Returns how many were cancelled, and how many are in flight."""
    names = ", ".join(f"p_{name} => %s" for name in options)
    (row,) = host.rows(f"select * from outbound_webhooks.cancel_deliveries({names})", *options.values())
    return row["cancelled"], row["in_flight"]


def waiting(host: Host) -> dict[str, int]:
    """Deliveries that differ in what they are chosen by; each by what it is."""
    one, other = endpoint(host), endpoint(host, clinic="clinic-2")
    (first,) = emit(host)
    (second,) = emit(host, resource_id="2")
    (elsewhere,) = emit(host, clinic="clinic-2")
    steps.set_state(host, other.id, "paused")
    steps.settle(host)
    assert (one.id, other.id) == (1, 2)
    return {"first": first, "second": second, "elsewhere": elsewhere}


@pytest.mark.parametrize(
    ("options", "meant"),
    [
        ({"endpoint_id": 1}, ["first", "second"]),
        ({"clinic_id": "clinic-2"}, ["elsewhere"]),
        ({"type": "payment_transaction.*"}, ["first", "second", "elsewhere"]),
        ({"type": "invoice.*"}, []),
        ({"resource": "payment_transaction", "resource_id": "2"}, ["second"]),
        ({"since": "epoch", "state": "parked"}, ["elsewhere"]),
        ({"since": "epoch", "state": "pending"}, ["first", "second"]),
        ({"since": "tomorrow"}, []),
        ({"until": "yesterday"}, []),
    ],
    ids=str,
)
def test_what_is_meant(numbered: Host, options: dict[str, object], meant: list[str]) -> None:
    """All that is named has to fit; a dry run says as much, and cancels nothing."""
    names = {delivery: name for name, delivery in waiting(numbered).items()}
    counted = cancel(numbered, **options, dry_run=True)
    untouched = set(steps.states(numbered).values())
    done = cancel(numbered, **options)

    assert untouched == {"pending", "parked"}
    assert counted == done == (len(meant), 0)
    assert {names[d] for d, state in steps.states(numbered).items() if state == "cancelled"} == set(meant)


def test_in_flight_ones_are_left_alone(numbered: Host) -> None:
    """They are counted; their results decide."""
    endpoint(numbered)
    emit(numbered, 3)
    dispatcher = register(numbered)
    (claimed,) = claim(numbered, dispatcher, limit=1)

    done = cancel(numbered, endpoint_id=1)
    steps.record(numbered, steps.result(claimed, dispatcher, SUCCEEDED))

    assert done == (2, 1)
    assert sorted(steps.states(numbered).values()) == ["cancelled", "cancelled", "succeeded"]


def test_the_reason_stays(numbered: Host) -> None:
    """With each delivery, and in the audit log, once, with what was chosen and how many there were."""
    endpoint(numbered)
    emit(numbered, 3)
    cancel(numbered, endpoint_id=1, state="pending", reason="sent by hand")
    cancel(numbered, endpoint_id=1, reason="sent by hand")
    (line,) = numbered.rows(
        "select action, subject, clinic_id, details from outbound_webhooks.audit_log where action like 'deliver%'"
    )

    assert numbered.value("select distinct reason from outbound_webhooks.delivery_log") == "sent by hand"
    assert line == {
        "action": "deliveries.cancelled", "subject": "endpoint 1", "clinic_id": "clinic-1",
        "details": {
            "endpoint_id": 1, "clinic_id": "clinic-1", "state": "pending", "reason": "sent by hand", "cancelled": 3,
        },
    }  # fmt: skip


def test_batches(numbered: Host) -> None:
    """Oldest first, as many at a time as it was told."""
    endpoint(numbered)
    deliveries = emit(numbered, 5)

    first = cancel(numbered, endpoint_id=1, limit=2)
    left = [delivery for delivery, state in sorted(steps.states(numbered).items()) if state == "pending"]

    assert first == (2, 0)
    assert left == deliveries[2:]
    assert [cancel(numbered, endpoint_id=1, limit=2) for _ in range(3)] == [(2, 0), (1, 0), (0, 0)]


def test_what_waited_behind_it_goes(numbered: Host) -> None:
    """Where order is kept, the next one of the payment is due once the one before it is cancelled."""
    endpoint(numbered, ordering="per_resource")
    head, follower = emit(numbered, 2)
    end_all(numbered, steps.RETRY)
    held_back = claim(numbered, register(numbered))
    numbered.rows(
        "update outbound_webhooks.deliveries set parked_reason = 'paused' where id = %s", head
    )  # to be the only one that is chosen
    cancel(numbered, endpoint_id=1, state="parked")

    assert held_back == []
    assert ids(claim(numbered, register(numbered))) == [follower]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "nothing is chosen"),
        ({"state": "parked"}, "nothing is chosen"),
        ({"state": "dead", "endpoint_id": 1}, "deliveries in state 'dead' are not cancelled"),
        ({"reason": "", "endpoint_id": 1}, "a reason is needed"),
        ({"reason": None, "endpoint_id": 1}, "a reason is needed"),
        ({"endpoint_id": 4711}, "there is no endpoint 4711"),
    ],
    ids=str,
)
def test_refused(numbered: Host, options: dict[str, object], message: str) -> None:
    """What cannot be meant changes nothing."""
    endpoint(numbered)
    emit(numbered)

    with pytest.raises(psycopg.Error, match=message), numbered.connection.transaction():
        cancel(numbered, **options)

    assert list(steps.states(numbered).values()) == ["pending"]


def test_beside_a_claim(host: Host, connect: Connect) -> None:
    """A claims two in an open transaction: B waits for it, and then cancels only what A did not get."""
    endpoint(host, max_in_flight=2)
    deliveries = emit(host, 3)
    a, b = connect(), connect()
    dispatcher = register(host)
    with background() as running:
        with a.connection.transaction():
            claimed = claim(a, dispatcher)
            call = running.submit(cancel, b, endpoint_id=1)
            until_blocked(host, b, call)
        done = call.result(timeout=60)

    assert ids(claimed) == deliveries[:2]
    assert done == (1, 0)
    assert steps.states(host) == {**dict.fromkeys(deliveries[:2], "in_flight"), deliveries[2]: "cancelled"}


def test_a_batch_of_which_others_got_a_part(host: Host, connect: Connect) -> None:
    """A claims one of the two that B was to cancel at once: that B cancelled fewer does not mean that it is done."""
    endpoint(host, max_in_flight=1)
    emit(host, 3)
    a, b = connect(), connect()
    dispatcher = register(host)
    statement = "select cancelled, more from outbound_webhooks.cancel_deliveries(p_endpoint_id => 1, p_limit => 2)"
    with background() as running:
        with a.connection.transaction():
            claim(a, dispatcher)
            call = running.submit(b.rows, statement)
            until_blocked(host, b, call)
        first = call.result(timeout=60)

    assert first == [{"cancelled": 1, "more": True}]
    assert b.rows(statement) == [{"cancelled": 1, "more": False}]

"""cancel_delivery: one live delivery given up, with a reason; and how its last attempt failed is kept."""

import psycopg
import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.replaying import dry_run, ended, retry
from tests.sql.steps import DEAD, RETRY, SUCCEEDED, Row, claim, emit, end_all, endpoint, ids, register
from tests.support.host import Host

FAILED = "select last_error_class, last_http_status from outbound_webhooks.finished_deliveries"


def cancel(host: Host, delivery: int, reason: str | None = "not wanted") -> None:
    """Cancel a delivery."""
    host.rows("select outbound_webhooks.cancel_delivery(%s, %s)", delivery, reason)


@pytest.mark.parametrize("is_parked", [False, True], ids=["pending", "parked"])
def test_it_is_given_up(numbered: Host, is_parked: bool) -> None:
    """Alone, with the reason; the audit log has it."""
    made = endpoint(numbered)
    first, second = emit(numbered, 2)
    if is_parked:
        steps.set_state(numbered, made.id, "paused")
        steps.settle(numbered)
    cancel(numbered, first)
    (line,) = numbered.rows(
        "select subject, clinic_id, details - 'event_id' as details from outbound_webhooks.audit_log"
        " where action = 'delivery.cancelled'"
    )

    assert steps.states(numbered) == {first: "cancelled", second: "parked" if is_parked else "pending"}
    assert numbered.value("select reason from outbound_webhooks.finished_deliveries") == "not wanted"
    assert line == {
        "subject": f"delivery {first}",
        "clinic_id": "clinic-1",
        "details": {"endpoint_id": made.id, "reason": "not wanted"},
    }


def test_it_can_be_sent_again(numbered: Host) -> None:
    """As whatever was cancelled."""
    endpoint(numbered)
    (delivery,) = emit(numbered)
    cancel(numbered, delivery)
    retry(numbered, delivery)

    assert steps.states(numbered) == {delivery: "pending"}


def test_what_waited_behind_it_goes(numbered: Host) -> None:
    """Where order is kept, the next one of the payment is due."""
    endpoint(numbered, ordering="per_resource")
    head, follower = emit(numbered, 2)
    end_all(numbered, RETRY)
    held_back = claim(numbered, register(numbered))
    cancel(numbered, head)

    assert held_back == []
    assert ids(claim(numbered, register(numbered))) == [follower]


@pytest.mark.parametrize(
    ("values", "message"), [(SUCCEEDED, "has ended: it is succeeded"), (DEAD, "has ended: it is dead")]
)
def test_one_that_has_ended(numbered: Host, values: Row, message: str) -> None:
    """It stays what it is, and the answer says what that is."""
    delivery = ended(numbered, values)

    with (
        pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match=message),
        numbered.connection.transaction(),
    ):
        cancel(numbered, delivery)


@pytest.mark.parametrize(
    ("delivery", "reason", "message"),
    [(4711, "a", "there is no delivery 4711"), (1, "", "a reason is needed"), (1, None, "a reason is needed")],
)
def test_what_cannot_be_meant(numbered: Host, delivery: int, reason: str | None, message: str) -> None:
    """It changes nothing."""
    endpoint(numbered)
    emit(numbered)

    with pytest.raises(psycopg.Error, match=message), numbered.connection.transaction():
        cancel(numbered, delivery, reason)

    assert steps.states(numbered) == {1: "pending"}


def test_beside_a_claim(host: Host, connect: Connect) -> None:
    """A claims it in an open transaction: B waits for that, and is told that it is in flight."""
    endpoint(host)
    (delivery,) = emit(host)
    a, b = connect(), connect()
    dispatcher = register(host)
    with background() as running:
        with a.connection.transaction():
            claim(a, dispatcher)
            call = running.submit(cancel, b, delivery)
            until_blocked(host, b, call)
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="in flight: its result decides"):
            call.result(timeout=60)

    assert steps.states(host) == {delivery: "in_flight"}


def test_how_the_last_attempt_failed_stays(numbered: Host) -> None:
    """With what was cancelled after it, so that it is found, and replayed, by that; what was never tried has none."""
    endpoint(numbered)
    tried, _ = emit(numbered), end_all(numbered, RETRY)
    untried = emit(numbered)
    for delivery in (*tried, *untried):
        cancel(numbered, delivery)

    assert numbered.rows(f"{FAILED} order by id") == [
        {"last_error_class": "http_status", "last_http_status": 500},
        {"last_error_class": None, "last_http_status": None},
    ]
    assert dry_run(numbered, endpoint_id=1, state="cancelled", error_class="http_status") == 1


def test_one_that_was_lost_last(numbered: Host) -> None:
    """Nobody knows how that attempt ended: it is not told that it failed, though the one before it did."""
    endpoint(numbered)
    (delivery,) = emit(numbered)
    end_all(numbered, RETRY)
    steps.make_due(numbered)
    claim(numbered, register(numbered))
    steps.let_leases_expire(numbered)
    steps.free_leases(numbered, register(numbered))
    cancel(numbered, delivery)

    assert [row["outcome"] for row in steps.attempts(numbered)] == ["failed", "lost"]
    assert numbered.rows(FAILED) == [{"last_error_class": None, "last_http_status": None}]

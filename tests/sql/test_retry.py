"""retry_delivery: one delivery again, with all that it was; order, late results, two at once."""

import psycopg
import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.explaining import delivering
from tests.sql.interleaving import background, until_blocked
from tests.sql.replaying import (
    after_an_older_one,
    ended,
    retry,
    stop,
)
from tests.sql.steps import (
    DEAD,
    RETRY,
    SUCCEEDED,
    Row,
    claim,
    emit,
    endpoint,
    ids,
    record,
    register,
    result,
)
from tests.support.host import Host


@pytest.mark.parametrize("values", [DEAD, SUCCEEDED], ids=["dead", "succeeded"])
def test_the_same_again(numbered: Host, values: Row) -> None:
    """The same id, event and body; attempts go on counting, the schedule begins anew; the log has it once."""
    delivery = ended(numbered, values)
    (before,) = numbered.rows("select * from outbound_webhooks.delivery_log")
    dispatcher = register(numbered)

    retry(numbered, delivery)
    (claimed,) = claim(numbered, dispatcher)
    record(numbered, result(claimed, dispatcher, RETRY))
    steps.make_due(numbered)
    (last,) = claim(numbered, dispatcher)
    record(numbered, result(last, dispatcher, SUCCEEDED))
    (after,) = numbered.rows("select * from outbound_webhooks.delivery_log")

    assert (claimed["delivery_id"], claimed["attempt_number"], claimed["failure_count"]) == (delivery, 2, 0)
    assert (last["attempt_number"], last["failure_count"]) == (3, 1)
    assert claimed["body"] == numbered.value("select body from outbound_webhooks.events")
    kept = ("id", "event_id", "endpoint_id", "clinic_id", "created_at")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert (after["state"], after["attempt_count"]) == ("succeeded", 3)
    assert [(a["number"], a["reason"]) for a in steps.attempts(numbered)] == [(1, "first"), (2, "manual"), (3, "retry")]


def test_a_manual_attempt_that_is_lost(numbered: Host) -> None:
    """The lost one was the one that was asked for; what follows is a retry. One that was not sent is still to come."""
    delivery = ended(numbered)
    dispatcher = register(numbered)
    retry(numbered, delivery)
    steps.release(numbered, claim(numbered, dispatcher))
    claim(numbered, dispatcher)
    steps.let_leases_expire(numbered)
    (again,) = steps.take_over(numbered, dispatcher)
    steps.release(numbered, [again], may_have_left=True)

    assert [(a["number"], a["reason"], a["outcome"]) for a in steps.attempts(numbered)] == [
        (1, "first", "failed"), (2, "manual", "lost"), (3, "retry", "lost"),
    ]  # fmt: skip


def test_a_broken_off_manual_attempt(numbered: Host) -> None:
    """Broken off at shutdown it stands as lost, by its own name."""
    retry(numbered, ended(numbered))
    steps.release(numbered, claim(numbered, register(numbered)), may_have_left=True)

    assert [a["reason"] for a in steps.attempts(numbered)] == ["first", "manual"]


def test_a_probe_that_was_asked_for(numbered: Host) -> None:
    """With the breaker open it goes when that probes, and is a probe by name."""
    delivery, dispatcher = ended(numbered), register(numbered)
    steps.open_breaker(numbered, 1)
    retry(numbered, delivery)
    steps.settle(numbered)
    kept = steps.states(numbered)
    steps.change_flow(numbered, 1, "probe_at = clock_timestamp()")
    steps.settle(numbered)
    (probe,) = claim(numbered, dispatcher)
    record(numbered, result(probe, dispatcher, SUCCEEDED))

    assert kept == {delivery: "parked"}
    assert [a["reason"] for a in steps.attempts(numbered)] == ["first", "probe"]


def test_a_late_result_of_a_former_lease(numbered: Host) -> None:
    """A request from before the retry is answered after all: it is an attempt, and the retried delivery stays due."""
    endpoint(numbered)
    (delivery,) = emit(numbered)
    frozen, other = register(numbered), register(numbered)
    (stale,) = claim(numbered, frozen)
    steps.let_leases_expire(numbered)
    (current,) = steps.take_over(numbered, other)
    record(numbered, result(current, other, DEAD))
    retry(numbered, delivery)
    before = numbered.rows("select * from outbound_webhooks.deliveries")

    kept = record(numbered, result(stale, frozen, SUCCEEDED))
    (claimed,) = claim(numbered, other)
    kept_in_flight = record(numbered, result(stale, frozen, SUCCEEDED), result(current, other, SUCCEEDED))

    assert (kept, kept_in_flight) == ([], [])
    assert [row["id"] for row in before] == [delivery]
    assert steps.states(numbered) == {delivery: "in_flight"}
    assert claimed["attempt_number"] == 3


def test_an_age_limit_counts_from_the_retry(numbered: Host) -> None:
    """A delivery that was retried long after its event is not given up for its age as soon as it is parked."""
    numbered.rows("update outbound_webhooks.settings set parked_max_age = '1 hour'")
    delivery = ended(numbered)
    numbered.rows("update outbound_webhooks.finished_deliveries set created_at = created_at - interval '1 day'")
    retry(numbered, delivery)
    stop(numbered, "paused")
    steps.settle(numbered)

    ended_early = numbered.value("select outbound_webhooks.end_parked()")
    numbered.rows("update outbound_webhooks.deliveries set retried_at = retried_at - interval '1 hour'")
    ended_late = numbered.value("select outbound_webhooks.end_parked()")

    assert (ended_early, ended_late) == (0, 1)


def test_order(numbered: Host) -> None:
    """Where order is kept the old one takes its old place: newer live ones of its payment wait behind it."""
    dispatcher, delivery = delivering(numbered), ended(numbered, ordering="per_resource")
    (newer,) = emit(numbered)
    (other,) = emit(numbered, resource_id="2")

    said = retry(numbered, delivery)
    first = claim(numbered, dispatcher)
    record(numbered, *(result(row, dispatcher, SUCCEEDED) for row in first))
    second = claim(numbered, dispatcher)

    assert said == "due now"
    assert (ids(first), ids(second)) == ([delivery, other], [newer])


def test_order_behind_an_older_one(numbered: Host) -> None:
    """Behind an older live one it waits, and goes when that one ends."""
    dispatcher, delivery = delivering(numbered), after_an_older_one(numbered)
    said = retry(numbered, delivery)
    steps.make_due(numbered)
    (older,) = claim(numbered, dispatcher)
    waiting = claim(numbered, dispatcher)
    record(numbered, result(older, dispatcher, SUCCEEDED))

    older_id = older["delivery_id"]
    assert said == (
        f"due, but not sent yet: order is kept: delivery {older_id} of payment_transaction:1 is older, and not done"
    )
    assert waiting == []
    assert ids(claim(numbered, dispatcher)) == [delivery]


def test_refusals_say_what_to_do(numbered: Host) -> None:
    """The message names what is in the way, the hint what helps."""

    def refused(delivery: int) -> tuple[str | None, str | None]:
        with pytest.raises(psycopg.Error) as caught, numbered.connection.transaction():
            retry(numbered, delivery)
        return caught.value.diag.message_primary, caught.value.diag.message_hint

    delivery = ended(numbered)
    stop(numbered, "paused")
    paused = refused(delivery)
    stop(numbered, "retired")
    retired = refused(delivery)

    assert refused(4711) == ("there is no delivery 4711", "Look for it in outbound_webhooks.delivery_log.")
    assert paused == (
        "endpoint 1 of delivery 1 is paused",
        "Resume it: resume_endpoint(1). That sends what is kept; retry the rest then.",
    )
    assert retired == (
        "endpoint 1 of delivery 1 is retired",
        "An endpoint that took its place gets past events by reevaluate().",
    )


def test_it_is_audited(numbered: Host) -> None:
    """One line for a retry, with who asked for it; none for one that was refused."""
    delivery = ended(numbered)
    numbered.rows("select set_config('outbound_webhooks.actor', 'ana@clinic.example', true)")
    retry(numbered, delivery)
    claim(numbered, register(numbered))
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState), numbered.connection.transaction():
        retry(numbered, delivery)
    (line,) = numbered.rows(
        "select *, details ->> 'was' as was from outbound_webhooks.audit_log where action like 'delivery.%'"
    )

    assert (line["database_user"], line["actor"], line["clinic_id"]) == ("postgres", "ana@clinic.example", "clinic-1")
    assert (line["action"], line["subject"]) == ("delivery.retried", f"delivery {delivery}")
    assert line["was"] == "dead"


def test_two_retries_of_one(host: Host, connect: Connect) -> None:
    """A retries in an open transaction, B waits for it; then B finds it live, and due already: it is there once."""
    delivering(host)
    delivery = ended(host)
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            said_to_a = retry(a, delivery)
            call = running.submit(retry, b, delivery)
            until_blocked(host, b, call)
        said_to_b = call.result(timeout=60)

    assert (said_to_a, said_to_b) == ("due now", "due now")
    assert steps.states(host) == {delivery: "pending"}
    assert host.value("select count(*) from outbound_webhooks.delivery_log") == 1


def test_a_retry_while_its_result_is_written(host: Host, connect: Connect) -> None:
    """A writes down that it died, in an open transaction; B's retry waits, and finds it among the finished ones."""
    endpoint(host)
    dispatcher = delivering(host)
    (delivery,) = emit(host)
    (claimed,) = claim(host, dispatcher)
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            record(a, result(claimed, dispatcher, DEAD))
            call = running.submit(retry, b, delivery)
            until_blocked(host, b, call)
        said = call.result(timeout=60)

    assert said == "due now"
    assert steps.states(host) == {delivery: "pending"}


def test_a_claim_does_not_wait_for_a_retry(host: Host, connect: Connect) -> None:
    """A retries a waiting delivery in an open transaction: a claim goes round it, and takes the others."""
    delivery = ended(host, RETRY)
    (other,) = emit(host)
    steps.make_due(host)
    a = connect()
    host.rows("set statement_timeout = '30s'")

    with a.connection.transaction():
        retry(a, delivery)
        claimed = claim(host, register(host))

    assert ids(claimed) == [other]

"""Leases: held while their owner lives, free when they run out or the owner is dead."""

import pytest

from tests.sql import steps
from tests.sql.steps import claim, emit, endpoint, register, take_over
from tests.support.host import Host


def test_an_expired_lease_is_taken_over(sandbox: Host) -> None:
    """The new owner has the next attempt number and a new token; the request before stands as lost."""
    endpoint(sandbox)
    emit(sandbox)
    frozen, other = register(sandbox), register(sandbox)
    (before,) = claim(sandbox, frozen)
    too_early = take_over(sandbox, other)
    steps.let_leases_expire(sandbox)
    by_a_claim_alone = claim(sandbox, other)

    (after,) = take_over(sandbox, other)
    (lost,) = steps.attempts(sandbox)

    assert too_early == []
    assert by_a_claim_alone == []
    assert after["attempt_number"] == 2
    assert after["failure_count"] == 0
    assert after["lease_token"] > before["lease_token"]
    assert {name: lost[name] for name in ("lease_token", "number", "reason", "outcome", "dispatcher_id")} == {
        "lease_token": before["lease_token"],
        "number": 1,
        "reason": "first",
        "outcome": "lost",
        "dispatcher_id": frozen,
    }


SILENT = "update outbound_webhooks.dispatchers set heartbeat_at = clock_timestamp() - interval '{}' where id = %s"


@pytest.mark.parametrize(
    "death",
    [
        "select outbound_webhooks.stop_dispatcher(%s)",
        SILENT.format("15 seconds"),
        "delete from outbound_webhooks.dispatchers where id = %s",
    ],
    ids=["stopped", "silent for 15 s", "gone"],
)
def test_a_dead_dispatchers_lease_is_free_at_once(sandbox: Host, death: str) -> None:
    """It is not waited for until its lease runs out; its request stands as lost."""
    endpoint(sandbox)
    emit(sandbox)
    dead, other = register(sandbox), register(sandbox)
    (before,) = claim(sandbox, dead)
    sandbox.rows(death, dead)

    (after,) = take_over(sandbox, other)

    assert after["delivery_id"] == before["delivery_id"]
    assert [(a["lease_token"], a["outcome"]) for a in steps.attempts(sandbox)] == [(before["lease_token"], "lost")]


def test_a_living_dispatchers_lease_holds(sandbox: Host) -> None:
    """A dispatcher whose heartbeat is 5 s old lives: its lease is left alone."""
    endpoint(sandbox)
    emit(sandbox)
    owner, other = register(sandbox), register(sandbox)
    claim(sandbox, owner)
    sandbox.rows(SILENT.format("5 seconds"), owner)

    claimed = take_over(sandbox, other)

    assert claimed == []


def test_a_dispatcher_does_not_take_over_from_itself(sandbox: Host) -> None:
    """A dispatcher that could not renew its heartbeat for a while, and claims, lives: its own leases hold."""
    endpoint(sandbox)
    emit(sandbox)
    dispatcher = register(sandbox)
    claim(sandbox, dispatcher)
    sandbox.rows(SILENT.format("1 minute"), dispatcher)

    claimed = take_over(sandbox, dispatcher)

    assert claimed == []


def may_start(host: Host, claimed: steps.Row) -> object:
    """Whether a claimed delivery may still be sent."""
    return host.value("select outbound_webhooks.may_start(%s, %s)", claimed["delivery_id"], claimed["lease_token"])


def test_a_late_start(sandbox: Host) -> None:
    """Before a late start: the endpoint must be active at this moment."""
    created = endpoint(sandbox)
    emit(sandbox)
    (claimed,) = claim(sandbox, register(sandbox))
    found = {}

    for state in ("paused", "disabled", "retired", "active"):
        steps.set_state(sandbox, created.id, state)
        found[state] = may_start(sandbox, claimed)

    assert found == {"paused": False, "disabled": False, "retired": False, "active": True}


def test_a_late_start_without_the_lease(sandbox: Host) -> None:
    """Before a late start: the lease must not have run out, been given back or been taken over."""
    endpoint(sandbox)
    emit(sandbox)
    dispatcher = register(sandbox)
    (first,) = claim(sandbox, dispatcher)
    steps.release(sandbox, [first])
    given_back = may_start(sandbox, first)
    (second,) = claim(sandbox, dispatcher)
    steps.let_leases_expire(sandbox)
    expired = may_start(sandbox, second)
    (third,) = take_over(sandbox, register(sandbox))

    assert [given_back, expired, may_start(sandbox, second), may_start(sandbox, third)] == [False, False, False, True]


def test_released_unsent(sandbox: Host) -> None:
    """Given back unsent, a delivery is as if it had never been claimed: due as before, its number free, no attempt."""
    endpoint(sandbox)
    emit(sandbox)
    dispatcher = register(sandbox)
    before = sandbox.rows("select * from outbound_webhooks.deliveries")
    claimed = claim(sandbox, dispatcher)

    released = steps.release(sandbox, claimed)
    after = sandbox.rows("select * from outbound_webhooks.deliveries")

    assert released == 1
    assert after == before
    assert steps.attempts(sandbox) == []


def test_released_with_a_delay_the_endpoint_is_left_alone(sandbox: Host) -> None:
    """What kept one from being sent keeps the others from it: they are not claimed and given back one by one."""
    held, other = steps.endpoint(sandbox, max_in_flight=1), steps.endpoint(sandbox, "clinic-2")
    steps.emit(sandbox, 3)
    steps.emit(sandbox, clinic="clinic-2")
    dispatcher = steps.register(sandbox)
    claimed = claim(sandbox, dispatcher)

    steps.release(sandbox, [row for row in claimed if row["endpoint_id"] == held.id], delay="1 hour")
    during = claim(sandbox, dispatcher)
    steps.change_flow(sandbox, held.id, "held_until = statement_timestamp()")
    after = claim(sandbox, dispatcher)

    assert {row["endpoint_id"] for row in claimed} == {held.id, other.id}
    assert during == []
    assert [row["endpoint_id"] for row in after] == [held.id]


def test_released_with_a_delay(sandbox: Host) -> None:
    """A key that does not open, for example: not due again until the delay is over."""
    endpoint(sandbox)
    emit(sandbox)
    dispatcher = register(sandbox)

    steps.release(sandbox, claim(sandbox, dispatcher), delay="1 hour")
    at_once = claim(sandbox, dispatcher)
    later_than = sandbox.value(
        "select next_attempt_at > clock_timestamp() + interval '59 minutes' from outbound_webhooks.deliveries"
    )

    assert at_once == []
    assert later_than is True


def test_released_in_mid_flight(sandbox: Host) -> None:
    """Broken off at shutdown, a request may have left: it stands as lost, its number is used, nobody is charged."""
    endpoint(sandbox)
    emit(sandbox)
    dispatcher = register(sandbox)
    claimed = claim(sandbox, dispatcher)

    released = steps.release(sandbox, claimed, may_have_left=True)
    (lost,) = steps.attempts(sandbox)
    (again,) = claim(sandbox, dispatcher)

    assert released == 1
    assert (lost["lease_token"], lost["number"], lost["outcome"]) == (claimed[0]["lease_token"], 1, "lost")
    assert again["attempt_number"] == 2
    assert again["failure_count"] == 0


@pytest.mark.parametrize("may_have_left", [False, True])
def test_a_stale_token_releases_nothing(sandbox: Host, may_have_left: bool) -> None:
    """What was taken over meanwhile stays with its new owner."""
    endpoint(sandbox)
    emit(sandbox, 2)
    dispatcher, other = register(sandbox), register(sandbox)
    before = claim(sandbox, dispatcher)
    steps.let_leases_expire(sandbox, before[0]["delivery_id"])
    take_over(sandbox, other)
    attempts = steps.attempts(sandbox)

    released = steps.release(sandbox, before, may_have_left=may_have_left)
    owners = sandbox.rows("select lease_owner from outbound_webhooks.deliveries order by id")

    assert released == 1
    assert owners == [{"lease_owner": other}, {"lease_owner": None}]
    assert len(steps.attempts(sandbox)) == len(attempts) + may_have_left


def test_what_is_still_in_hand(sandbox: Host) -> None:
    """A dispatcher does not free what it still works on, though the lease ran out; another one takes it over."""
    endpoint(sandbox)
    emit(sandbox, 2)
    mine, other = register(sandbox), register(sandbox)
    in_hand, forgotten = claim(sandbox, mine)
    steps.let_leases_expire(sandbox)

    by_me = steps.free_leases(sandbox, mine, held=[in_hand["delivery_id"]])
    left = [
        row["lease_owner"] for row in sandbox.rows("select lease_owner from outbound_webhooks.deliveries order by id")
    ]
    by_the_other = steps.free_leases(sandbox, other)

    assert by_me == 1
    assert left == [mine, None]
    assert by_the_other == 1
    assert [a["lease_token"] for a in steps.attempts(sandbox)] == [in_hand["lease_token"], forgotten["lease_token"]]

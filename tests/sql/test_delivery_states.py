"""Every state of a delivery against everything that can be done to it, in one table."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import psycopg
import pytest

from tests.sql import steps
from tests.sql.steps import Row
from tests.support.host import Host

# A cell: the state afterwards; "-" where the action is refused and not a column of the delivery changes.
TABLE = """
                         pending    in_flight  parked     succeeded  dead       cancelled
claim                    in_flight  -          -          -          -          -
free_leases              -          -          -          -          -          -
free_expired_lease       -          pending    -          -          -          -
free_from_the_dead       -          pending    -          -          -          -
take_over_expired_lease  in_flight  in_flight  -          -          -          -
take_over_from_the_dead  in_flight  in_flight  -          -          -          -
record_success           -          succeeded  -          -          -          -
record_retry             -          pending    -          -          -          -
record_dead              -          dead       -          -          -          -
release                  -          pending    -          -          -          -
release_broken_off       -          pending    -          -          -          -
park_paused              parked     -          -          -          -          -
park_disabled            parked     -          -          -          -          -
park_after_lease_expired parked     parked     -          -          -          -
park_breaker_open        parked     -          -          -          -          -
unpark                   -          -          pending    -          -          -
unpark_to_probe          -          -          pending    -          -          -
end_parked_too_long      -          -          dead       -          -          -
retire                   cancelled  -          cancelled  -          -          -
retire_after_expiry      cancelled  cancelled  cancelled  -          -          -
begin_from_now           cancelled  -          cancelled  -          -          -
retry                    pending    -          -          pending    pending    pending
replay_dead              -          -          -          -          pending    -
replay_any               -          -          -          pending    pending    pending
cancel                   cancelled  -          cancelled  -          -          -
cancel_pending           cancelled  -          -          -          -          -
cancel_parked            -          -          cancelled  -          -          -
"""


@dataclass
class Case:
    """A delivery, its endpoint, the dispatcher that had it (with that claim), and another dispatcher."""

    host: Host
    endpoint: int
    had: Row
    owner: int
    other: int

    def row(self) -> list[dict[str, object]]:
        """All that is stored about the delivery, wherever it stands."""
        delivery = self.had["delivery_id"]
        return [
            *self.host.rows("select * from outbound_webhooks.deliveries where id = %s", delivery),
            *self.host.rows("select * from outbound_webhooks.finished_deliveries where id = %s", delivery),
        ]

    def record(self, values: Row) -> None:
        """Record a result for the claim that the first dispatcher had."""
        steps.record(self.host, steps.result(self.had, self.owner, values))

    def settle(self, state: str) -> None:
        """Put the endpoint into a state, and bring the delivery in line."""
        steps.set_state(self.host, self.endpoint, state)
        steps.settle(self.host)


def make(host: Host, state: str) -> Case:
    """Bring a new delivery into a state, by the functions; each has been claimed, so that an old token exists."""
    endpoint = steps.endpoint(host).id
    steps.emit(host)
    host.rows("update outbound_webhooks.deliveries set created_at = created_at - interval '1 day'")
    owner, other = steps.register(host), steps.register(host)
    (had,) = steps.claim(host, owner)
    case = Case(host, endpoint, had, owner, other)
    match state:
        case "succeeded":
            case.record(steps.SUCCEEDED)
        case "dead":
            case.record(steps.DEAD)
        case "pending":
            steps.release(host, [had])
        case "parked":
            steps.release(host, [had])
            case.settle("paused")
        case "cancelled":
            steps.release(host, [had])
            case.settle("retired")
    if state not in ("parked", "pending", "in_flight"):
        steps.set_state(host, endpoint, "active")
    return case


def claim_with_active_endpoint(case: Case) -> None:
    """A claim by another dispatcher; if it gets nothing, then not because of the endpoint's state."""
    steps.set_state(case.host, case.endpoint, "active")
    steps.claim(case.host, case.other)


def free_expired_lease(case: Case) -> None:
    """The lease, if there is one, runs out."""
    steps.let_leases_expire(case.host)
    steps.free_leases(case.host, case.other)


def free_from_the_dead(case: Case) -> None:
    """The owner stops."""
    case.host.rows("select outbound_webhooks.stop_dispatcher(%s)", case.owner)
    steps.free_leases(case.host, case.other)


def take_over_expired_lease(case: Case) -> None:
    """The lease, if there is one, runs out before the claim."""
    free_expired_lease(case)
    claim_with_active_endpoint(case)


def take_over_from_the_dead(case: Case) -> None:
    """The owner stops before the claim."""
    free_from_the_dead(case)
    claim_with_active_endpoint(case)


def settle_after_expiry(state: str) -> Callable[[Case], None]:
    """The endpoint changes while the delivery is leased, and nobody records a result."""

    def act(case: Case) -> None:
        free_expired_lease(case)
        case.settle(state)

    return act


def settle_with_open_breaker(probe_in: str) -> Callable[[Case], None]:
    """The endpoint is active, and its circuit breaker open; the probe is due after a while, or since a while."""

    def act(case: Case) -> None:
        steps.set_state(case.host, case.endpoint, "active")
        steps.open_breaker(case.host, case.endpoint, probe_in)
        steps.settle(case.host)

    return act


def end_parked_too_long(case: Case) -> None:
    """The delivery is a day old, and what is parked may be an hour old."""
    case.host.rows("update outbound_webhooks.settings set parked_max_age = '1 hour'")
    case.host.rows("select outbound_webhooks.end_parked()")


def retry(case: Case) -> None:
    """Asked for by hand; what is refused raises."""
    with suppress(psycopg.errors.ObjectNotInPrerequisiteState), case.host.connection.transaction():
        case.host.rows("select outbound_webhooks.retry_delivery(%s)", case.had["delivery_id"])


def replay(state: str | None) -> Callable[[Case], None]:
    """A replay of all of the endpoint's in a state, and its first batch."""

    def act(case: Case) -> None:
        (row,) = case.host.rows("select * from outbound_webhooks.replay(%s, p_state => %s)", case.endpoint, state)
        case.host.rows("select * from outbound_webhooks.advance_replay(%s, 100)", row["replay_id"])

    return act


def cancel(state: str | None) -> Callable[[Case], None]:
    """All of the endpoint's, in a state."""

    def act(case: Case) -> None:
        case.host.rows("select outbound_webhooks.cancel_deliveries(%s, p_state => %s)", case.endpoint, state)

    return act


ACTIONS: dict[str, Callable[[Case], object]] = {
    "claim": claim_with_active_endpoint,
    "free_leases": lambda case: steps.free_leases(case.host, case.other),
    "free_expired_lease": free_expired_lease,
    "free_from_the_dead": free_from_the_dead,
    "take_over_expired_lease": take_over_expired_lease,
    "take_over_from_the_dead": take_over_from_the_dead,
    "record_success": lambda case: case.record(steps.SUCCEEDED),
    "record_retry": lambda case: case.record(steps.RETRY),
    "record_dead": lambda case: case.record(steps.DEAD),
    "release": lambda case: steps.release(case.host, [case.had]),
    "release_broken_off": lambda case: steps.release(case.host, [case.had], may_have_left=True),
    "park_paused": lambda case: case.settle("paused"),
    "park_disabled": lambda case: case.settle("disabled"),
    "park_after_lease_expired": settle_after_expiry("paused"),
    "park_breaker_open": settle_with_open_breaker("1 minute"),
    "unpark_to_probe": settle_with_open_breaker("-1 minute"),
    "end_parked_too_long": end_parked_too_long,
    "unpark": lambda case: case.settle("active"),
    "retire": lambda case: case.settle("retired"),
    "retire_after_expiry": settle_after_expiry("retired"),
    "begin_from_now": lambda case: case.host.rows("select outbound_webhooks.begin_delivery('from-now', 1)"),
    "retry": retry,
    "replay_dead": replay("dead"),
    "replay_any": replay(None),
    "cancel": cancel(None),
    "cancel_pending": cancel("pending"),
    "cancel_parked": cancel("parked"),
}


def cells() -> list[tuple[str, str, str]]:
    """(state, action, state afterwards or "-") for each cell of the table."""
    header, *lines = TABLE.strip().splitlines()
    return [
        (state, action, afterwards)
        for action, *row in map(str.split, lines)
        for state, afterwards in zip(header.split(), row, strict=True)
    ]


def test_the_table_is_complete() -> None:
    """Each action has a row, each state of delivery_log a column."""
    rows = {action for _, action, _ in cells()}
    columns = {state for state, _, _ in cells()}

    assert rows == set(ACTIONS)
    assert columns == {"pending", "in_flight", "parked", "succeeded", "dead", "cancelled"}


@pytest.mark.parametrize(("state", "action", "afterwards"), cells())
def test_transition(sandbox: Host, state: str, action: str, afterwards: str) -> None:
    """The action leads to the state in the table, or changes nothing about the delivery."""
    case = make(sandbox, state)
    before = case.row()
    assert steps.states(sandbox) == {case.had["delivery_id"]: state}

    ACTIONS[action](case)

    if afterwards == "-":
        assert case.row() == before
    else:
        assert steps.states(sandbox) == {case.had["delivery_id"]: afterwards}
        assert case.row() != before

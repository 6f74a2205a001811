"""endpoint_flow: what is on its way to an endpoint, counted over all dispatchers; and how much it takes."""

import pytest

from tests.sql import steps
from tests.sql.steps import (
    RETRY,
    SLOWS,
    SUCCEEDED,
    Row,
    change_flow,
    claim,
    emit,
    endpoint,
    flow,
    record,
    register,
    result,
    visit,
)
from tests.support.host import Host


def shares(rows: list[Row]) -> list[int]:
    """How many of each endpoint were claimed, in the order of the endpoints."""
    found = sorted({row["endpoint_id"] for row in rows})
    return [sum(row["endpoint_id"] == one and row["delivery_id"] is not None for row in rows) for one in found]


def test_one_limit_for_all_dispatchers(sandbox: Host) -> None:
    """What one dispatcher has in flight is no room for the others; what it gives back, or ends, is."""
    endpoint(sandbox, max_in_flight=3)
    emit(sandbox, 9)
    a, b = register(sandbox), register(sandbox)

    first, second = claim(sandbox, a, limit=2)
    by_b = claim(sandbox, b)
    full = [claim(sandbox, a), claim(sandbox, b)]
    record(sandbox, result(first, a, SUCCEEDED))
    after_a_success = claim(sandbox, b)
    record(sandbox, result(by_b[0], b, RETRY))
    after_a_failure = claim(sandbox, a)
    steps.release(sandbox, [second])
    after_a_release = claim(sandbox, b)

    assert (len(by_b), full) == (1, [[], []])
    assert (len(after_a_success), len(after_a_failure), len(after_a_release)) == (1, 1, 1)


def test_every_lease_is_counted_once(sandbox: Host) -> None:
    """in_flight is the number of leases after each way in which one begins or ends; stale results change nothing."""
    created = endpoint(sandbox)
    emit(sandbox, 5)
    dispatcher = register(sandbox)
    counts = [flow(sandbox, created.id)["in_flight"]]

    def then(*_: object) -> None:
        counts.append(flow(sandbox, created.id)["in_flight"])

    a, b, c, d, e = claim(sandbox, dispatcher)
    then()
    then(record(sandbox, result(a, dispatcher, SUCCEEDED)))
    then(record(sandbox, result(b, dispatcher, RETRY)))
    then(record(sandbox, result(a, dispatcher, SUCCEEDED), result(b, dispatcher, RETRY)))
    then(steps.release(sandbox, [c]))
    then(steps.release(sandbox, [c]))
    then(steps.release(sandbox, [d], may_have_left=True))
    steps.let_leases_expire(sandbox)
    then(steps.free_leases(sandbox, dispatcher))
    then(record(sandbox, result(e, dispatcher, SUCCEEDED)))

    assert counts == [0, 5, 4, 3, 3, 2, 2, 1, 0, 0]


def test_a_clinics_share(sandbox: Host) -> None:
    """All endpoints of a clinic together get its share less what it has in flight; another clinic has its own."""
    for clinic in ("clinic-1", "clinic-2"):
        for _ in range(3):
            endpoint(sandbox, clinic, max_in_flight=4)
        emit(sandbox, 4, clinic)

    rows = visit(sandbox, register(sandbox), share=6, busy={"clinic-1": 1})

    assert shares(rows) == [4, 1, 0, 4, 2, 0]


def test_a_share_is_not_kept_for_who_has_no_work(sandbox: Host) -> None:
    """An endpoint with one due delivery and room for ten takes one of its clinic's share, and leaves the rest."""
    for _ in range(4):
        endpoint(sandbox, max_in_flight=10)
    emit(sandbox)
    dispatcher = register(sandbox)

    rows = visit(sandbox, dispatcher, share=10)
    emit(sandbox, 3)
    while_they_are_in_flight = visit(sandbox, dispatcher, share=10, busy={"clinic-1": 4})

    assert shares(rows) == [1, 1, 1, 1]
    assert shares(while_they_are_in_flight) == [3, 3, 0, 0]


def test_an_endpoint_that_used_up_its_rate_gives_nothing_away(sandbox: Host) -> None:
    """However far an endpoint is ahead of its rate, its clinic's others get the share and no more."""
    limited, other = endpoint(sandbox, requests_per_second=100), endpoint(sandbox)
    emit(sandbox, 9)
    change_flow(sandbox, limited.id, "tokens = 0, tokens_at = clock_timestamp() + interval '1 minute'")

    rows = visit(sandbox, register(sandbox), share=2)

    assert {row["endpoint_id"] for row in rows if row["delivery_id"]} == {other.id}
    assert sum(row["delivery_id"] is not None for row in rows) == 2


def test_who_is_hungry(sandbox: Host) -> None:
    """An endpoint that got all it had room for may have more; one that had room left has not."""
    endpoint(sandbox, max_in_flight=2)
    endpoint(sandbox, max_in_flight=3)
    emit(sandbox, 2)
    dispatcher = register(sandbox)

    first = {row["endpoint_id"]: row["is_hungry"] for row in visit(sandbox, dispatcher)}
    emit(sandbox)
    without_share = {row["endpoint_id"]: row["is_hungry"] for row in visit(sandbox, dispatcher, share=0)}

    assert list(first.values()) == [True, False]
    assert list(without_share.values()) == [True, True]


def test_retry_after_holds_the_endpoint(sandbox: Host) -> None:
    """Nothing is claimed until then, by anybody, who is told when; a later result may only put it off further."""
    created = endpoint(sandbox)
    emit(sandbox, 5)
    a, b = register(sandbox), register(sandbox)
    first, second, third = claim(sandbox, a, limit=3)

    record(sandbox, result(first, a, SLOWS, hold=120))
    (told,) = visit(sandbox, b)
    record(sandbox, result(second, a, SLOWS, hold=60))
    record(sandbox, result(third, a, SUCCEEDED))
    (still,) = visit(sandbox, b)
    change_flow(sandbox, created.id, "held_until = held_until - interval '2 minutes'")
    afterwards = claim(sandbox, b)

    assert (told["delivery_id"], still["delivery_id"]) == (None, None)
    assert 60 < still["look_again_in"] < told["look_again_in"] <= 120
    assert len(afterwards) == 2


def test_the_longest_hold_of_a_batch_counts(sandbox: Host) -> None:
    """Of several answers in one batch, the one that asks for the most patience; without any there is no hold."""
    created, other = endpoint(sandbox), endpoint(sandbox)
    emit(sandbox, 2)
    dispatcher = register(sandbox)
    mine = [row for row in claim(sandbox, dispatcher) if row["endpoint_id"] == created.id]

    holds = zip(mine, (200, 10), strict=True)
    record(sandbox, *(result(row, dispatcher, SLOWS, hold=hold) for row, hold in holds))
    wait = sandbox.value(
        "select held_until between clock_timestamp() + interval '100 s' and clock_timestamp() + interval '200 s'"
        " from outbound_webhooks.endpoint_flow where endpoint_id = %s",
        created.id,
    )

    assert wait is True
    assert flow(sandbox, other.id)["held_until"] is None


def test_half_and_one_more(sandbox: Host) -> None:
    """An endpoint that asks for less gets half of what it had, one at least; each success allows one more."""
    created = endpoint(sandbox, max_in_flight=8)
    emit(sandbox, 30)
    dispatcher = register(sandbox)
    allowed: list[object] = []

    def note() -> object:
        allowed.append(flow(sandbox, created.id)["allowed_in_flight"])
        return allowed[-1]

    claimed = claim(sandbox, dispatcher)
    for values in (RETRY, SLOWS, SUCCEEDED, SLOWS, SLOWS, SLOWS):
        record(sandbox, result(claimed.pop(), dispatcher, values))
        note()
    room_is_over_full = claim(sandbox, dispatcher)
    record(sandbox, *(result(row, dispatcher, RETRY) for row in claimed))
    while note() is not None:
        (row, *rest) = claim(sandbox, dispatcher)
        record(sandbox, result(row, dispatcher, SUCCEEDED))
        steps.release(sandbox, rest)

    # Half of the 7 that were in flight after the first failure, and so on: of 5, of 4, of 3.
    assert allowed == [None, 3, 4, 2, 1, 1, 1, 2, 3, 4, 5, 6, 7, None]
    assert room_is_over_full == []


@pytest.mark.parametrize(("max_in_flight", "allowed"), [(1, 1), (2, 1), (3, 1), (10, 5)])
def test_half_of_what_it_had(sandbox: Host, max_in_flight: int, allowed: int) -> None:
    """Half of what was in flight, rounded down, and never nothing."""
    created = endpoint(sandbox, max_in_flight=max_in_flight)
    emit(sandbox, 10)
    dispatcher = register(sandbox)
    claimed = claim(sandbox, dispatcher)

    record(sandbox, result(claimed[0], dispatcher, SLOWS))

    assert flow(sandbox, created.id)["allowed_in_flight"] == allowed


def test_a_slow_start_after_resuming(sandbox: Host) -> None:
    """One at first, and twice as many each round, as long as all succeed."""
    created = endpoint(sandbox, max_in_flight=10)
    sandbox.rows("select outbound_webhooks.pause_endpoint(%s)", created.id)
    sandbox.rows("select outbound_webhooks.resume_endpoint(%s)", created.id)
    emit(sandbox, 60)
    dispatcher = register(sandbox)

    rounds = []
    for _ in range(6):
        claimed = claim(sandbox, dispatcher)
        rounds.append(len(claimed))
        record(sandbox, *(result(row, dispatcher, SUCCEEDED) for row in claimed))

    assert rounds == [1, 2, 4, 8, 10, 10]

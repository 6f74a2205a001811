"""Parked deliveries: kept while their endpoint is paused, disabled or broken; drained at a rate; ended by limits."""

from typing import Any

import pytest

from tests.sql import steps
from tests.sql.steps import RETRY, change_flow, claim, emit, endpoint, flow, ids, record, register, result
from tests.support.host import Host

PAUSE = "select outbound_webhooks.pause_endpoint(%s)"
RESUME = "select outbound_webhooks.resume_endpoint(%s, %s)"
END = "select outbound_webhooks.end_parked(%s)"
# In one message, and so at one moment: settle, and claim what is due.
AT_ONCE = (
    "select outbound_webhooks.settle_deliveries(1000);"
    " select outbound_webhooks.claim_deliveries({}, 100, 200, 0, '-infinity', '{{}}', '{{}}', 1000, '10 seconds')"
)


def parked(host: Host) -> dict[int, str]:
    """Why each parked delivery is parked, oldest first."""
    rows = host.rows(
        "select id, parked_reason from outbound_webhooks.deliveries where parked_reason is not null order by id"
    )
    return {int(str(row["id"])): str(row["parked_reason"]) for row in rows}


def due(host: Host) -> list[tuple[int, Any]]:
    """What is not parked, in the order in which it is due: how many seconds after the first."""
    rows = host.rows(
        "select id, extract(epoch from next_attempt_at - min(next_attempt_at) over ())::float8 as after"
        " from outbound_webhooks.deliveries where parked_reason is null order by next_attempt_at, id"
    )
    return [(int(str(row["id"])), float(str(row["after"]))) for row in rows]


def kept(host: Host, count: int = 5) -> tuple[int, list[int]]:
    """A paused endpoint and what is kept for it."""
    created = endpoint(host).id
    host.rows(PAUSE, created)
    deliveries = emit(host, count)
    steps.settle(host)
    return created, deliveries


@pytest.mark.parametrize("reason", ["paused", "disabled", "breaker"])
def test_why(sandbox: Host, reason: str) -> None:
    """What waits is parked with the reason, leased deliveries not; what is captured later follows."""
    created, dispatcher = endpoint(sandbox), register(sandbox)
    before = emit(sandbox, 3)
    (leased,) = claim(sandbox, dispatcher, limit=1)

    if reason == "breaker":
        steps.open_breaker(sandbox, created.id)
    else:
        steps.set_state(sandbox, created.id, reason)
    moved = steps.settle(sandbox)
    fresh = emit(sandbox)
    moved_later = steps.settle(sandbox)

    assert ids([leased]) == before[:1]
    assert (moved, moved_later, steps.settle(sandbox)) == (2, 1, 0)
    assert parked(sandbox) == dict.fromkeys([*before[1:], *fresh], reason)


def test_nothing_is_parked_that_can_go(sandbox: Host) -> None:
    """An active endpoint keeps its deliveries due; so does one whose probe is due, or on its way."""
    created, dispatcher = endpoint(sandbox), register(sandbox)
    emit(sandbox, 3)
    moved = [steps.settle(sandbox)]
    steps.open_breaker(sandbox, created.id, "-1 second")
    moved.append(steps.settle(sandbox))
    claim(sandbox, dispatcher)
    moved.append(steps.settle(sandbox))

    assert flow(sandbox, created.id)["breaker"] == "half_open"
    assert moved == [0, 0, 0]


@pytest.mark.parametrize("state", ["paused", "disabled"])
def test_resumed(sandbox: Host, state: str) -> None:
    """Due again oldest first, so many a second, whatever order they were parked in; new events do not wait for them."""
    created, deliveries = kept(sandbox)
    steps.set_state(sandbox, created, state)
    sandbox.rows(RESUME, created, 4)
    (fresh,) = emit(sandbox)
    dispatcher = register(sandbox)
    (at_once,) = claim(sandbox, dispatcher)
    record(sandbox, result(at_once, dispatcher, steps.SUCCEEDED))

    moved = steps.settle(sandbox)

    assert ids([at_once]) == [fresh]
    assert moved == 5
    assert due(sandbox) == [(i, pytest.approx(n / 4)) for n, i in enumerate(deliveries)]


def clock(host: Host) -> float:
    """The server's time, in seconds."""
    return float(str(host.value("select extract(epoch from clock_timestamp())::float8")))


def last_due(host: Host) -> float:
    """When the last delivery that is not parked is due, by the server's clock, in seconds."""
    return float(
        str(
            host.value(
                "select extract(epoch from max(next_attempt_at))::float8"
                " from outbound_webhooks.deliveries where parked_reason is null"
            )
        )
    )


def test_not_far_ahead(sandbox: Host) -> None:
    """At most 10 seconds' worth is made due at a time, and what follows goes on where that ended, without a gap."""
    created, deliveries = kept(sandbox, 120)
    sandbox.rows(RESUME, created, 2)

    first = steps.settle(sandbox)
    # As if a second had passed. Nine are left for what really passes.
    change_flow(sandbox, created, "drained_until = drained_until - interval '1 s'")
    sandbox.rows(
        "update outbound_webhooks.deliveries set next_attempt_at = next_attempt_at - interval '1 s'"
        " where parked_reason is null"
    )
    before = clock(sandbox)
    later = steps.settle(sandbox)
    reached, after = last_due(sandbox), clock(sandbox)
    found = due(sandbox)

    assert first == 20
    assert len(found) == first + later
    # Time passes by itself, too: how many there are now follows from when the second call looked at the clock.
    assert before + 10 - 1 / 2 <= reached < after + 10
    assert [i for i, _ in found] == deliveries[: len(found)]
    assert [after for _, after in found] == pytest.approx([n / 2 for n in range(len(found))])


def test_the_rate_stays(sandbox: Host) -> None:
    """Without a rate that of the last time holds, and 100 a second at first; what is no rate is refused."""
    created, _ = kept(sandbox)
    rates = []
    for rate in (None, 7, None):
        sandbox.rows(RESUME, created, rate)
        rates.append(flow(sandbox, created)["drain_rate"])

    assert rates == [100, 7, 7]


def test_paused_again_in_the_middle(sandbox: Host) -> None:
    """What was due already, or soon, is parked again; resumed once more, it all comes in order, from then on."""
    created, deliveries = kept(sandbox, 30)
    sandbox.rows(RESUME, created, 1)
    steps.settle(sandbox)
    half_way = len(due(sandbox))
    sandbox.rows(PAUSE, created)
    steps.settle(sandbox)
    while_paused = (due(sandbox), list(parked(sandbox)))

    sandbox.rows(RESUME, created, 10)
    dispatcher = register(sandbox)
    sandbox.rows(AT_ONCE.format(dispatcher))
    claimed = sandbox.rows("select id from outbound_webhooks.deliveries where lease_token is not null")

    assert half_way == 10
    assert while_paused == ([], deliveries)
    assert due(sandbox) == [(i, pytest.approx(n / 10)) for n, i in enumerate(deliveries)]
    assert [row["id"] for row in claimed] == deliveries[:1]


def test_many_endpoints_drain_side_by_side(sandbox: Host) -> None:
    """Each has its own rate; what one has kept does not hold up another."""
    slow, fast = endpoint(sandbox), endpoint(sandbox)
    for one in (slow, fast):
        sandbox.rows(PAUSE, one.id)
    emit(sandbox, 40)
    steps.settle(sandbox)
    sandbox.rows(RESUME, slow.id, 1)
    sandbox.rows(RESUME, fast.id, 1000)

    steps.settle(sandbox)
    rows = sandbox.rows(
        "select endpoint_id, count(*) as n from outbound_webhooks.deliveries where parked_reason is null"
        " group by 1 order by 1"
    )

    assert [(row["endpoint_id"], row["n"]) for row in rows] == [(slow.id, 10), (fast.id, 40)]


def test_a_batch_is_bounded(sandbox: Host) -> None:
    """However many there are, one call parks, and makes due, as many as it was told."""
    created = endpoint(sandbox)
    emit(sandbox, 10)
    sandbox.rows(PAUSE, created.id)
    parking = [steps.settle(sandbox, 4) for _ in range(4)]
    sandbox.rows(RESUME, created.id, 1000)
    draining = [steps.settle(sandbox, 4) for _ in range(4)]

    assert parking == [4, 4, 2, 0]
    assert draining == [4, 4, 2, 0]


def test_the_probe_of_an_endpoint_whose_deliveries_are_all_parked(sandbox: Host) -> None:
    """When its time has come, its oldest delivery is due, and no other until the result is known."""
    created, dispatcher = endpoint(sandbox), register(sandbox)
    deliveries = emit(sandbox, 4)
    steps.open_breaker(sandbox, created.id)
    steps.settle(sandbox)
    nothing = (claim(sandbox, dispatcher), steps.settle(sandbox))

    change_flow(sandbox, created.id, "probe_at = clock_timestamp()")
    moved = steps.settle(sandbox)
    (probe,) = claim(sandbox, dispatcher)
    on_its_way = steps.settle(sandbox)
    record(sandbox, result(probe, dispatcher, steps.SUCCEEDED))
    closed = steps.settle(sandbox)

    assert nothing == ([], 0)
    assert (moved, on_its_way, closed) == (1, 0, 3)
    assert (probe["delivery_id"], probe["is_probe"]) == (deliveries[0], True)
    assert parked(sandbox) == {}


def test_a_broken_endpoint_does_not_shorten_the_schedule(sandbox: Host) -> None:
    """A delivery that waits for its next attempt waits for it while the breaker opens, probes and closes, too."""
    sandbox.rows("update outbound_webhooks.settings set breaker_failures = 2")
    created, dispatcher = endpoint(sandbox), register(sandbox)
    (stuck,) = emit(sandbox)
    (row,) = claim(sandbox, dispatcher)
    record(sandbox, result(row, dispatcher, RETRY, retry_in=3600))
    schedule = "select next_attempt_at from outbound_webhooks.deliveries where id = %s"
    before = sandbox.value(schedule, stuck)
    probed = emit(sandbox, 2)

    (row, *_) = claim(sandbox, dispatcher, limit=1)
    record(sandbox, result(row, dispatcher, RETRY, retry_in=7200))
    steps.settle(sandbox)
    change_flow(sandbox, created.id, "probe_at = clock_timestamp()")
    steps.settle(sandbox)
    (probe,) = claim(sandbox, dispatcher)
    record(sandbox, result(probe, dispatcher, steps.SUCCEEDED))
    steps.settle(sandbox)

    assert ids([row, probe]) == probed
    assert sandbox.value(schedule, stuck) == before
    assert claim(sandbox, dispatcher) == []

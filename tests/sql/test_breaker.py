"""The circuit breaker: opens after failures in a row, lets one probe through now and then, closes after a success."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.sql import steps
from tests.sql.steps import (
    RETRY,
    SUCCEEDED,
    Row,
    change_flow,
    changes,
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

PROBE_IS_DUE = "probe_at = clock_timestamp() - interval '1 second'"


@pytest.fixture
def broken(sandbox: Host) -> tuple[int, int]:
    """An endpoint whose breaker opened at its third failure in a row, with more to send; and a dispatcher."""
    sandbox.rows("update outbound_webhooks.settings set breaker_failures = 3")
    created, dispatcher = endpoint(sandbox).id, register(sandbox)
    emit(sandbox, 8)
    record(sandbox, *(result(row, dispatcher, RETRY) for row in claim(sandbox, dispatcher, limit=3)))
    assert flow(sandbox, created)["breaker"] == "open"
    return created, dispatcher


def probe(host: Host, endpoint_id: int, dispatcher: int) -> Row:
    """The one delivery that goes when the probe is due."""
    change_flow(host, endpoint_id, PROBE_IS_DUE)
    (claimed,) = claim(host, dispatcher)
    return claimed


def cooldown(host: Host, endpoint_id: int) -> object:
    """From the last change of the breaker to the next probe."""
    return host.value(
        "select probe_at - breaker_changed_at from outbound_webhooks.endpoint_flow where endpoint_id = %s", endpoint_id
    )


@pytest.mark.parametrize("failures", [1, 3])
def test_opens_after_failures_in_a_row(sandbox: Host, failures: int) -> None:
    """Not one failure sooner; a success in between begins anew; what came of it is told once."""
    sandbox.rows("update outbound_webhooks.settings set breaker_failures = %s", failures)
    created, dispatcher = endpoint(sandbox), register(sandbox)
    emit(sandbox, 10)
    told = []

    for values in [*[RETRY] * (failures - 1), SUCCEEDED, *[RETRY] * failures]:
        assert flow(sandbox, created.id)["breaker"] == "closed"
        (row,) = claim(sandbox, dispatcher, limit=1)
        told.append(changes(sandbox, result(row, dispatcher, values)))
    found = flow(sandbox, created.id)

    assert told == [[]] * (2 * failures - 1) + [[(created.id, "breaker opened", None)]]
    assert (found["breaker"], found["breaker_openings"], found["failures"]) == ("open", 1, failures)
    assert cooldown(sandbox, created.id) == timedelta(seconds=30)


def test_what_is_no_failure_of_the_endpoint(sandbox: Host) -> None:
    """A lost request, a released delivery and a stale result open no breaker."""
    sandbox.rows("update outbound_webhooks.settings set breaker_failures = 1")
    created, dispatcher = endpoint(sandbox), register(sandbox)
    emit(sandbox, 3)
    lost, unsent, broken_off = claim(sandbox, dispatcher)

    steps.release(sandbox, [unsent])
    steps.release(sandbox, [broken_off], may_have_left=True)
    steps.let_leases_expire(sandbox)
    steps.free_leases(sandbox, dispatcher)
    told = changes(sandbox, result(lost, dispatcher, RETRY))

    assert told == []
    assert flow(sandbox, created.id)["failures"] == 0


def test_open(sandbox: Host, broken: tuple[int, int]) -> None:
    """Nothing is claimed until the probe is due; who asks is told when that is."""
    _, dispatcher = broken

    (told,) = visit(sandbox, dispatcher)

    assert told["delivery_id"] is None
    assert 20 < told["look_again_in"] <= 30


def test_one_probe(sandbox: Host, broken: tuple[int, int]) -> None:
    """When its time has come, one delivery goes, of one of two dispatchers; and no other until its result is known."""
    created, a = broken
    b = register(sandbox)

    first = probe(sandbox, created, a)
    others = [claim(sandbox, b), claim(sandbox, a)]
    (told,) = visit(sandbox, b)
    steps.changes(sandbox, result(first, a, SUCCEEDED))
    attempt = steps.attempts(sandbox)[-1]

    assert first["is_probe"] is True
    assert others == [[], []]
    assert told["look_again_in"] is None
    assert (attempt["delivery_id"], attempt["reason"]) == (first["delivery_id"], "probe")


def test_a_probe_that_succeeds(sandbox: Host, broken: tuple[int, int]) -> None:
    """The breaker closes, with a clean record; from then on one at first, and one more for each success."""
    created, dispatcher = broken
    first = probe(sandbox, created, dispatcher)
    half_open = flow(sandbox, created)["breaker"]

    told = changes(sandbox, result(first, dispatcher, SUCCEEDED))
    found = flow(sandbox, created)
    following = claim(sandbox, dispatcher)

    assert half_open == "half_open"
    assert told == [(created, "breaker closed", None)]
    assert {name: found[name] for name in ("breaker", "breaker_openings", "probe_at", "failures", "failing_since")} == {
        "breaker": "closed",
        "breaker_openings": 0,
        "probe_at": None,
        "failures": 0,
        "failing_since": None,
    }
    assert found["allowed_in_flight"] == 1
    assert [row["is_probe"] for row in following] == [False]


def test_probes_that_fail(sandbox: Host, broken: tuple[int, int]) -> None:
    """It is open again, which is told no more, and waits twice as long each time, up to 10 minutes."""
    created, dispatcher = broken
    waits = [cooldown(sandbox, created)]
    told = []

    for _ in range(6):
        row = probe(sandbox, created, dispatcher)
        told += changes(sandbox, result(row, dispatcher, RETRY, retry_in=0))
        assert flow(sandbox, created)["breaker"] == "open"
        waits.append(cooldown(sandbox, created))

    assert waits == [timedelta(seconds=seconds) for seconds in (30, 60, 120, 240, 480, 600, 600)]
    assert told == []


@pytest.mark.parametrize("end", ["released", "broken off", "expired"])
def test_a_probe_without_a_result(sandbox: Host, broken: tuple[int, int], end: str) -> None:
    """Given back or lost, it tells nothing: another one goes at once, as a probe."""
    created, dispatcher = broken
    first = probe(sandbox, created, dispatcher)

    match end:
        case "released":
            steps.release(sandbox, [first])
        case "broken off":
            steps.release(sandbox, [first], may_have_left=True)
        case "expired":
            steps.let_leases_expire(sandbox)
            steps.free_leases(sandbox, dispatcher)
    (second,) = claim(sandbox, register(sandbox))

    assert second["is_probe"] is True
    assert flow(sandbox, created)["breaker"] == "half_open"
    assert claim(sandbox, dispatcher) == []


def test_results_that_come_while_it_is_open(sandbox: Host) -> None:
    """Requests that were on their way: no probe goes before them; a failure changes nothing, a success closes it."""
    sandbox.rows("update outbound_webhooks.settings set breaker_failures = 2")
    created, dispatcher = endpoint(sandbox), register(sandbox)
    emit(sandbox, 8)
    a, b, c, d, *_ = claim(sandbox, dispatcher, limit=4)
    record(sandbox, result(a, dispatcher, RETRY), result(b, dispatcher, RETRY))
    opened = flow(sandbox, created.id)

    after_failure = changes(sandbox, result(c, dispatcher, RETRY))
    still = flow(sandbox, created.id)
    change_flow(sandbox, created.id, PROBE_IS_DUE)
    before_the_last = claim(sandbox, dispatcher)
    after_success = changes(sandbox, result(d, dispatcher, SUCCEEDED))

    assert after_failure == []
    assert {**still, "in_flight": 2, "failures": 2, "failed_at": opened["failed_at"]} == opened
    assert before_the_last == []
    assert after_success == [(created.id, "breaker closed", None)]


@pytest.mark.parametrize(
    ("before", "batch", "failures", "breaker"),
    [
        (0, "FF", 2, "closed"),
        (0, "FFF", 3, "open"),
        (2, "F", 3, "open"),
        (2, "FFFF", 6, "open"),
        (2, "S", 0, "closed"),
        (2, "FS", 0, "closed"),
        (2, "SF", 1, "closed"),
        (2, "FSF", 1, "closed"),
        (2, "SFSFF", 2, "closed"),
    ],
)
def test_a_batch(sandbox: Host, before: int, batch: str, failures: int, breaker: str) -> None:
    """In a row means by when the answers came, not by how the batch is put together: those after the last success."""
    sandbox.rows("update outbound_webhooks.settings set breaker_failures = 3")
    created, dispatcher = endpoint(sandbox), register(sandbox)
    emit(sandbox, 8)
    record(sandbox, *(result(row, dispatcher, RETRY) for row in claim(sandbox, dispatcher, limit=before)))
    claimed = claim(sandbox, dispatcher, limit=len(batch))

    record(sandbox, *reversed(in_turn(claimed, dispatcher, batch)))
    found = flow(sandbox, created.id)

    assert (found["failures"], found["breaker"], found["failing_since"] is None) == (failures, breaker, failures == 0)


def in_turn(claimed: Sequence[Row], dispatcher: int, batch: str) -> list[Row]:
    """Results that came one second after another: S for a success, F for a failure."""
    return [
        result(row, dispatcher, SUCCEEDED if kind == "S" else RETRY, started_at=f"2026-03-02T09:00:{second:02}Z")
        for second, (row, kind) in enumerate(zip(claimed, batch, strict=True))
    ]

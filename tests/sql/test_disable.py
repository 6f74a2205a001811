"""An endpoint that has only failed for days is disabled, with the reason."""

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
    register,
    result,
)
from tests.support.host import Host

STATE = "select state from outbound_webhooks.endpoints where id = %s"


def fail_once(host: Host, dispatcher: int) -> list[tuple[object, ...]]:
    """One failed attempt; returns what became of endpoints by it."""
    (row,) = claim(host, dispatcher, limit=1)
    return changes(host, result(row, dispatcher, RETRY))


@pytest.mark.parametrize(("failing_for", "disabled"), [("4 days 23:59", False), ("5 days", True), ("30 days", True)])
def test_only_failures(sandbox: Host, failing_for: str, disabled: bool) -> None:
    """After 5 days with failures and nothing else; a minute before that it is only failing."""
    created, dispatcher = endpoint(sandbox), register(sandbox)
    emit(sandbox, 2)
    first = fail_once(sandbox, dispatcher)
    change_flow(sandbox, created.id, f"failing_since = failing_since - interval '{failing_for}'")
    since = sandbox.value(
        "select to_char(failing_since at time zone 'UTC', 'YYYY-MM-DD HH24:MI') from outbound_webhooks.endpoint_flow"
    )

    told = fail_once(sandbox, dispatcher)

    assert first == []
    assert told == ([(created.id, "disabled", f"only failures since {since} UTC")] if disabled else [])
    assert sandbox.value(STATE, created.id) == ("disabled" if disabled else "active")


@pytest.mark.parametrize("batch", [(RETRY, SUCCEEDED), (SUCCEEDED, RETRY)], ids=["success last", "failure last"])
def test_a_success_in_between(sandbox: Host, batch: tuple[Row, Row]) -> None:
    """What counts is the time since the first failure after the last success, in the same batch, too."""
    created, dispatcher = endpoint(sandbox), register(sandbox)
    emit(sandbox, 4)
    fail_once(sandbox, dispatcher)
    change_flow(sandbox, created.id, "failing_since = failing_since - interval '9 days'")
    claimed = claim(sandbox, dispatcher, limit=2)

    told = changes(
        sandbox,
        *(
            result(row, dispatcher, values, started_at=f"2026-03-02T09:00:0{second}Z")
            for second, (row, values) in enumerate(zip(claimed, batch, strict=True))
        ),
    )
    after = fail_once(sandbox, dispatcher)
    recent = sandbox.value(
        "select failing_since > clock_timestamp() - interval '1 hour' from outbound_webhooks.endpoint_flow"
    )

    assert (told, after, recent) == ([], [], True)


def test_another_period(sandbox: Host) -> None:
    """The setting says how long; null means never."""
    created, dispatcher = endpoint(sandbox), register(sandbox)
    emit(sandbox, 3)
    fail_once(sandbox, dispatcher)
    change_flow(sandbox, created.id, "failing_since = failing_since - interval '2 hours'")

    sandbox.rows("update outbound_webhooks.settings set disable_after = null")
    never = fail_once(sandbox, dispatcher)
    sandbox.rows("update outbound_webhooks.settings set disable_after = '1 hour'")
    ((_, change, _),) = fail_once(sandbox, dispatcher)

    assert never == []
    assert change == "disabled"


def test_a_failed_probe_disables_too(sandbox: Host) -> None:
    """With its breaker open an endpoint gets only probes: they count as any other failure."""
    created, dispatcher = endpoint(sandbox), register(sandbox)
    emit(sandbox)
    steps.open_breaker(sandbox, created.id, "-1 second")
    change_flow(sandbox, created.id, "failing_since = failing_since - interval '6 days'")

    ((_, change, _),) = fail_once(sandbox, dispatcher)

    assert change == "disabled"


def test_resumed_with_a_clean_record(sandbox: Host) -> None:
    """After it was disabled and resumed, old failures count for nothing: not for the breaker, nor for disabling."""
    created, dispatcher = endpoint(sandbox), register(sandbox)
    emit(sandbox, 2)
    steps.open_breaker(sandbox, created.id, "-1 second")
    change_flow(sandbox, created.id, "failing_since = failing_since - interval '6 days'")
    fail_once(sandbox, dispatcher)
    change_flow(sandbox, created.id, "held_until = clock_timestamp() + interval '1 minute'")

    sandbox.rows("select outbound_webhooks.resume_endpoint(%s)", created.id)
    found = flow(sandbox, created.id)
    told = fail_once(sandbox, dispatcher)

    assert {name: found[name] for name in ("breaker", "failures", "failing_since", "held_until", "probe_at")} == {
        "breaker": "closed",
        "failures": 0,
        "failing_since": None,
        "held_until": None,
        "probe_at": None,
    }
    assert found["allowed_in_flight"] == 1
    assert told == []
    assert sandbox.value(STATE, created.id) == "active"


def test_gone_is_told(sandbox: Host) -> None:
    """410 disables at once: told with its reason; a result of another endpoint in the batch changes nothing there."""
    gone, other = endpoint(sandbox), endpoint(sandbox)
    emit(sandbox)
    dispatcher = register(sandbox)
    mine, its = sorted(claim(sandbox, dispatcher), key=lambda row: int(row["endpoint_id"]))

    told = changes(
        sandbox, result(its, dispatcher, RETRY), result(mine, dispatcher, RETRY, http_status=410, disable="410 Gone")
    )

    assert told == [(gone.id, "disabled", "410 Gone")]
    assert sandbox.value(STATE, other.id) == "active"

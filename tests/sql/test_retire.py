"""Retiring an endpoint: no new events, what is due is cancelled with the reason, what is out finishes, for good."""

import psycopg
import pytest

from tests.sql import steps
from tests.sql.steps import RETRY, SUCCEEDED, claim, emit, endpoint, record, register, result
from tests.support.host import Host

RETIRE = "select outbound_webhooks.retire_endpoint(%s, %s)"
FINISHED = "select state, reason from outbound_webhooks.delivery_log order by id"


def test_what_becomes_of_its_deliveries(sandbox: Host) -> None:
    """Waiting and parked ones are cancelled; what is out succeeds, or fails and is cancelled, too."""
    created = endpoint(sandbox)
    emit(sandbox, 2)
    steps.set_state(sandbox, created.id, "paused")
    steps.settle(sandbox)
    steps.set_state(sandbox, created.id, "active")
    steps.change_flow(sandbox, created.id, "allowed_in_flight = null")
    emit(sandbox, 3)
    dispatcher = register(sandbox)
    good, bad = claim(sandbox, dispatcher, limit=2)

    sandbox.rows(RETIRE, created.id, "the clinic left")
    nothing = claim(sandbox, dispatcher)
    steps.settle(sandbox)
    out = [row["state"] for row in sandbox.rows(FINISHED)]
    record(sandbox, result(good, dispatcher, SUCCEEDED), result(bad, dispatcher, RETRY))
    steps.settle(sandbox)

    assert nothing == []
    assert sorted(str(state) for state in out) == ["cancelled"] * 3 + ["in_flight"] * 2
    assert [(row["state"], row["reason"]) for row in sandbox.rows(FINISHED)].count(("succeeded", None)) == 1
    assert [(row["state"], row["reason"]) for row in sandbox.rows(FINISHED)].count(
        ("cancelled", "endpoint retired")
    ) == 4


def test_nothing_new(sandbox: Host) -> None:
    """Payments of its clinic make nothing for it any more, and with no other endpoint no event."""
    created = endpoint(sandbox)

    sandbox.rows(RETIRE, created.id, None)
    sandbox.pay()

    assert sandbox.value("select count(*) from outbound_webhooks.events") == 0


def test_why_and_since_when(sandbox: Host) -> None:
    """The reason stands with it; it counts no longer among those that its clinic may have."""
    sandbox.rows("update outbound_webhooks.settings set max_endpoints_per_clinic = 1")
    created = endpoint(sandbox)

    sandbox.rows(RETIRE, created.id, "the clinic left")
    endpoint(sandbox)

    (row,) = sandbox.rows(
        "select state, reason, state_changed_at > clock_timestamp() - interval '1 minute' as now"
        " from outbound_webhooks.endpoint_status where id = %s",
        created.id,
    )
    assert row == {"state": "retired", "reason": "the clinic left", "now": True}


@pytest.mark.parametrize("state", ["active", "paused", "disabled"])
def test_from_every_state(sandbox: Host, state: str) -> None:
    """Whatever it was before, and there is no way back: not again, not paused, not resumed."""
    created = endpoint(sandbox)
    steps.set_state(sandbox, created.id, state)
    sandbox.rows(RETIRE, created.id, None)
    errors = []

    for function in ("retire", "pause", "resume"):
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as caught, sandbox.connection.transaction():
            sandbox.rows(f"select outbound_webhooks.{function}_endpoint(%s)", created.id)
        errors.append(caught.value.diag.message_primary)

    assert errors == [
        f"endpoint {created.id} is retired, and cannot be retired again",
        f"endpoint {created.id} is retired, and cannot be paused",
        f"endpoint {created.id} is retired, and cannot be resumed",
    ]


def test_no_such_endpoint(sandbox: Host) -> None:
    """One that there is not is named."""
    with pytest.raises(psycopg.errors.NoDataFound, match="there is no endpoint 4711"), sandbox.connection.transaction():
        sandbox.rows(RETIRE, 4711, None)

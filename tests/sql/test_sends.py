"""begin_test(), end_test(): tests of endpoints on record, and what they leave alone."""

import json

import psycopg
import pytest

from tests.sql import steps
from tests.sql.explaining import codes, explain
from tests.sql.steps import Row, claim, endpoint, register
from tests.support.host import CLINIC, ENVIRONMENT, Host

BEGIN = "select * from outbound_webhooks.begin_test(%s, %s, %s)"
END = "select outbound_webhooks.end_test(%s, %s, %s, %s)"
FINISHED = "select * from outbound_webhooks.finished_deliveries"
ATTEMPTS = "select * from outbound_webhooks.attempts"
SUCCEEDED = {"outcome": "succeeded", "http_status": 204, "started_at": "2026-03-02T09:00:00Z", "duration_ms": 12}
FAILED = {**SUCCEEDED, "outcome": "failed", "http_status": None, "error_class": "timeout", "note": "n"}


def begin(host: Host, endpoint_id: int) -> Row:
    """Put a test on record."""
    (row,) = host.rows(BEGIN, endpoint_id, None, ENVIRONMENT)
    return row


def end(host: Host, begun: Row, result: Row | None) -> None:
    """Write down what came of it."""
    text = None if result is None else json.dumps(result)
    host.rows(END, begun["delivery_id"], begun["lease_token"], begun["created_at"], text)


def ended_test(host: Host, endpoint_id: int, result: Row = FAILED) -> Row:
    """A test that ended."""
    begun = begin(host, endpoint_id)
    end(host, begun, result)
    return begun


def test_what_is_handed_over(sandbox: Host) -> None:
    """What a claim hands over, for one endpoint: keys that sign now, the newest first, and headers."""
    created = endpoint(sandbox, headers='{"x-team": "payments"}')
    new = sandbox.value("select secret from outbound_webhooks.rotate_secret(%s)", created.id)

    begun = begin(sandbox, created.id)

    assert begun["secrets"] == [new, created.secret]
    assert begun["headers"] == [["x-team", "payments", None]]
    assert (begun["url"], begun["timeout_seconds"], begun["clinic_id"]) == (steps.URL, 20, CLINIC)
    assert json.loads(begun["body"])["type"] == begun["event_type"] == "webhook.test"


def test_it_is_lost_until_it_has_ended(sandbox: Host) -> None:
    """Whatever ends the process in between: the request may have gone out, and that is what stands there."""
    begin(sandbox, endpoint(sandbox).id)
    (delivery,), (attempt,) = sandbox.rows(FINISHED), sandbox.rows(ATTEMPTS)

    assert (delivery["state"], delivery["reason"]) == ("dead", "a test whose answer was not recorded")
    assert (attempt["reason"], attempt["outcome"], attempt["dispatcher_id"]) == ("test", "lost", None)


@pytest.mark.parametrize(
    ("result", "state", "reason", "attempts"),
    [
        (SUCCEEDED, "succeeded", None, 1),
        (FAILED, "dead", "a test is sent once", 1),
        (None, "cancelled", "a test that was not sent", 0),
    ],
)
def test_its_end(sandbox: Host, result: Row | None, state: str, reason: str | None, attempts: int) -> None:
    """One delivery that ended, with its attempt if there was one; and once only."""
    begun = begin(sandbox, endpoint(sandbox).id)

    end(sandbox, begun, result)
    after = sandbox.rows(FINISHED), sandbox.rows(ATTEMPTS)
    end(sandbox, begun, FAILED if result is SUCCEEDED else SUCCEEDED)
    delivery: Row = after[0][0]

    assert (delivery["state"], delivery["reason"], delivery["attempt_count"]) == (state, reason, attempts)
    assert delivery["created_at"] < delivery["finished_at"]
    assert [row["outcome"] for row in after[1]] == ([] if result is None else [result["outcome"]])
    assert (sandbox.rows(FINISHED), sandbox.rows(ATTEMPTS)) == after


def test_nothing_else_is_touched(sandbox: Host) -> None:
    """No live delivery, no flow, no statistics; no claim finds anything."""
    dispatcher, created = register(sandbox), endpoint(sandbox)
    flow = sandbox.rows("select f::text from outbound_webhooks.endpoint_flow as f")

    ended_test(sandbox, created.id)

    assert claim(sandbox, dispatcher) == []
    assert sandbox.rows("select f::text from outbound_webhooks.endpoint_flow as f") == flow
    assert sandbox.rows("select * from outbound_webhooks.endpoint_hours") == []


@pytest.mark.parametrize("clinic", ["clinic-2", CLINIC, None])
def test_whose_endpoint(sandbox: Host, clinic: str | None) -> None:
    """One of the clinic that is named, or any; another one's is not there."""
    created = endpoint(sandbox)
    if clinic == "clinic-2":
        with (
            pytest.raises(psycopg.errors.NoDataFound, match=f"there is no endpoint {created.id}"),
            sandbox.connection.transaction(),
        ):
            sandbox.rows(BEGIN, created.id, clinic, ENVIRONMENT)
    else:
        assert len(sandbox.rows(BEGIN, created.id, clinic, ENVIRONMENT)) == 1


@pytest.mark.parametrize("function", ["replay(p_clinic_id => 'clinic-1', p_state => null, p_dry_run => true)",
                                      "reevaluate(p_clinic_id => 'clinic-1', p_dry_run => true)"])  # fmt: skip
def test_it_is_not_sent_with_others(sandbox: Host, function: str) -> None:
    """Neither a replay nor a reevaluation sends a test again, to whomever."""
    ended_test(sandbox, endpoint(sandbox).id)
    endpoint(sandbox, event_types=["*", "webhook.*"])

    (row,) = sandbox.rows(f"select * from outbound_webhooks.{function}")

    assert row["deliveries"] == 0


def test_by_itself_it_is_sent_again(sandbox: Host) -> None:
    """As any delivery that ended; by a dispatcher then. What comes late of the test itself leaves that one alone."""
    dispatcher, created = register(sandbox), endpoint(sandbox)
    begun = begin(sandbox, created.id)

    sandbox.rows("select outbound_webhooks.retry_delivery(%s)", begun["delivery_id"])
    end(sandbox, begun, FAILED)
    (claimed,) = claim(sandbox, dispatcher)
    steps.record(sandbox, steps.result(claimed, dispatcher, steps.SUCCEEDED))
    (delivery,) = sandbox.rows(FINISHED)

    assert claimed["event_type"] == "webhook.test"
    assert (delivery["state"], delivery["attempt_count"]) == ("succeeded", 2)
    assert [row["reason"] for row in sandbox.rows(ATTEMPTS + " order by number")] == ["test", "manual"]


def test_its_end_is_not_told(sandbox: Host) -> None:
    """A test that is sent again and dies makes no `delivery.dead`."""
    dispatcher, created = register(sandbox), endpoint(sandbox)
    endpoint(sandbox, event_types=["delivery.dead"])
    begun = ended_test(sandbox, created.id)
    sandbox.rows("select outbound_webhooks.retry_delivery(%s)", begun["delivery_id"])
    (claimed,) = claim(sandbox, dispatcher)
    steps.record(sandbox, steps.result(claimed, dispatcher, steps.DEAD))

    assert sandbox.value("select outbound_webhooks.tell_operations()") == 0


def test_explain(sandbox: Host) -> None:
    """What came of it; and to every other endpoint of the clinic, that it was not meant."""
    created, other = endpoint(sandbox), endpoint(sandbox, event_types=["payout.*"], filter='{"a": 1}')
    begun = ended_test(sandbox, created.id)

    (row,) = explain(sandbox, begun["event_id"], created.id)

    assert row["words"] == "given up after 1 attempt: a test is sent once; the last one failed: timeout"
    assert codes(explain(sandbox, begun["event_id"], other.id)) == ["of_a_test"]


def test_a_trial(sandbox: Host) -> None:
    """A line of the audit log, without what a URL may hide."""
    sandbox.rows(
        "select outbound_webhooks.note_trial(%s, %s, %s)",
        CLINIC, "https://clinic.example/hooks?token=secret", "01900000-0000-7000-8000-000000000000",
    )  # fmt: skip
    (line,) = sandbox.rows("select * from outbound_webhooks.audit_log order by id desc limit 1")

    assert (line["action"], line["clinic_id"], line["subject"]) == ("endpoint.tried", CLINIC, "an endpoint to be")
    assert line["details"] == {
        "url": "https://clinic.example/hooks?***",
        "event_id": "01900000-0000-7000-8000-000000000000",
    }

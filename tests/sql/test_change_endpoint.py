"""change_endpoint: what changes, what stays, and what is refused."""

import json
from typing import Any

import psycopg
import pytest

from tests.sql import steps
from tests.sql.steps import Row, claim, emit, register, result
from tests.support.host import CLINIC, Host

CHANGE = "select outbound_webhooks.change_endpoint(%s, %s::jsonb)"

OPTIONS: dict[str, Any] = {
    "url": "https://other.example:8443/in?token=a-secret",
    "description": "the new one",
    "event_types": ["payment_transaction.created", "endpoint.*"],
    "filter": {"currency": "BRL"},
    "ordering": "per_resource",
    "max_in_flight": 3,
    "requests_per_second": 20,
    "timeout_seconds": 5,
    "retry_schedule": [0, 30],
}


def change(host: Host, endpoint_id: int, changes: object) -> None:
    """Change options of an endpoint."""
    host.rows(CHANGE, endpoint_id, json.dumps(changes))


def row_of(host: Host, endpoint_id: int) -> Row:
    """An endpoint's row."""
    (row,) = host.rows("select e.* from outbound_webhooks.endpoints as e where e.id = %s", endpoint_id)
    return row


def refusal(host: Host, endpoint_id: int, changes: object) -> psycopg.Error:
    """The error of a change that must fail."""
    with pytest.raises(psycopg.Error) as caught, host.connection.transaction():
        change(host, endpoint_id, changes)
    return caught.value


@pytest.mark.parametrize("option", OPTIONS)
def test_one_option(sandbox: Host, option: str) -> None:
    """It is as it was asked for; all that was left out is as it was."""
    created = steps.endpoint(sandbox)
    before = row_of(sandbox, created.id)

    change(sandbox, created.id, {option: OPTIONS[option]})

    assert row_of(sandbox, created.id) == {**before, option: OPTIONS[option]}


def test_all_options(sandbox: Host) -> None:
    """At once; and null takes away what an endpoint need not have."""
    created = steps.endpoint(sandbox)
    before = row_of(sandbox, created.id)

    change(sandbox, created.id, OPTIONS)
    changed = row_of(sandbox, created.id)
    change(sandbox, created.id, {"filter": None, "requests_per_second": None, "retry_schedule": None})

    assert changed == {**before, **OPTIONS}
    assert row_of(sandbox, created.id) == {
        **changed, "filter": None, "requests_per_second": None, "retry_schedule": None,
    }  # fmt: skip


def test_nothing(sandbox: Host) -> None:
    """No option, or what it is already: no change, and no line of the audit log."""
    created = steps.endpoint(sandbox)
    before = row_of(sandbox, created.id)

    change(sandbox, created.id, {})
    change(sandbox, created.id, {"url": steps.URL, "timeout_seconds": 20})

    assert row_of(sandbox, created.id) == before
    assert sandbox.value("select count(*) from outbound_webhooks.audit_log where action = 'endpoint.changed'") == 0


def test_what_is_sent_then(sandbox: Host) -> None:
    """What is claimed after it goes by the new options."""
    created = steps.endpoint(sandbox)
    emit(sandbox, 3)

    change(sandbox, created.id, {"url": "https://other.example/", "timeout_seconds": 7, "max_in_flight": 2})
    claimed = claim(sandbox, register(sandbox))

    assert [(row["url"], row["timeout_seconds"]) for row in claimed] == [("https://other.example/", 7)] * 2


BAD: list[tuple[dict[str, Any], str]] = [
    ({"url": "http://clinic.example/?token=a-secret"}, "url_scheme"),
    ({"url": "https://10.0.0.1/?token=a-secret"}, "url_blocked_address"),
    ({"url": "https://clinic.example:22/?token=a-secret"}, "url_port"),
    ({"url": None}, "url_scheme"),
    ({"event_types": []}, "endpoints_event_types_are_patterns"),
    ({"event_types": ["a.b", None]}, "endpoints_event_types_are_patterns"),
    ({"filter": []}, "endpoints_filter_is_an_object"),
    ({"filter": {"a": "x" * 4088}}, "endpoints_filter_is_short"),
    ({"filter": {"a": [0] * 21}}, "endpoints_filter_arrays_are_short"),
    ({"ordering": "fifo"}, "endpoints_ordering_is_known"),
    ({"max_in_flight": 1001}, "endpoints_max_in_flight_is_bounded"),
    ({"requests_per_second": 0}, "endpoints_requests_per_second_is_bounded"),
    ({"timeout_seconds": 61}, "endpoints_timeout_is_bounded"),
    ({"retry_schedule": []}, "endpoints_retry_schedule_is_bounded"),
]


@pytest.mark.parametrize(("changes", "constraint"), BAD, ids=[str(changes) for changes, _ in BAD])
def test_bad_options(sandbox: Host, changes: dict[str, Any], constraint: str) -> None:
    """Refused by name, without the row in the error; and of what came with it nothing is changed."""
    created = steps.endpoint(sandbox)
    before = row_of(sandbox, created.id)

    error = refusal(sandbox, created.id, {"url": "https://x.example/?token=a-secret", "description": "d", **changes})

    assert error.diag.constraint_name == constraint
    assert "a-secret" not in f"{error} {error.diag.message_detail}"
    assert row_of(sandbox, created.id) == before


@pytest.mark.parametrize("option", ["description", "event_types", "ordering", "max_in_flight", "timeout_seconds"])
def test_what_an_endpoint_must_have(sandbox: Host, option: str) -> None:
    """null does not take it away."""
    created = steps.endpoint(sandbox, requests_per_second=7)

    error = refusal(sandbox, created.id, {option: None})

    assert (error.sqlstate, error.diag.column_name) == ("23502", option)
    assert error.diag.message_detail is None


@pytest.mark.parametrize(
    "changes",
    [
        *({name: "1"} for name in ("id", "clinic_id", "state", "created_at", "secret", "headers", "URL", "")),
        {"url": "https://other.example/", "clinic_id": "clinic-2"},
        [], ["url"], "url", 1, True, None,
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_changed(sandbox: Host, changes: object) -> None:
    """Whose an endpoint is, its state, its keys and headers, what there is not, and what is no object."""
    created = steps.endpoint(sandbox)
    before = row_of(sandbox, created.id)

    error = refusal(sandbox, created.id, changes)

    assert error.sqlstate == "22023"
    assert error.diag.message_hint is not None
    assert error.diag.message_hint.startswith("These can be: url, description, ")
    assert row_of(sandbox, created.id) == before


def test_no_changes_at_all(sandbox: Host) -> None:
    """An SQL null is refused like anything else that is no object."""
    created = steps.endpoint(sandbox)

    with pytest.raises(psycopg.errors.InvalidParameterValue), sandbox.connection.transaction():
        sandbox.rows("select outbound_webhooks.change_endpoint(%s, null)", created.id)


def test_one_that_is_retired(sandbox: Host) -> None:
    """Nothing of it can be changed; one that there is not is not there."""
    created = steps.endpoint(sandbox)
    steps.set_state(sandbox, created.id, "retired")

    error = refusal(sandbox, created.id, {"description": "x"})

    assert (error.sqlstate, error.diag.message_primary) == (
        "55000",
        f"endpoint {created.id} is retired, and cannot be changed",
    )
    assert refusal(sandbox, 4711, {"description": "x"}).sqlstate == "P0002"


@pytest.mark.parametrize("state", ["paused", "disabled"])
def test_one_that_is_stopped(sandbox: Host, state: str) -> None:
    """It can be changed, as before it is resumed, and stays stopped."""
    created = steps.endpoint(sandbox)
    steps.set_state(sandbox, created.id, state)

    change(sandbox, created.id, {"url": "https://other.example/"})

    row = row_of(sandbox, created.id)
    assert (row["url"], row["state"], row["state_reason"]) == ("https://other.example/", state, "a test")


def test_a_url_that_is_not_allowed_any_more(sandbox: Host) -> None:
    """It does not keep anybody from changing something else; only another URL is looked at."""
    sandbox.rows("select outbound_webhooks.set_url_policy(p_internal_urls => true)")
    created = sandbox.endpoint("https://10.0.0.1/")
    sandbox.rows("select outbound_webhooks.set_url_policy(p_internal_urls => false)")

    change(sandbox, created.id, {"timeout_seconds": 5, "url": "https://10.0.0.1/"})

    assert row_of(sandbox, created.id)["timeout_seconds"] == 5
    assert refusal(sandbox, created.id, {"url": "https://10.0.0.2/"}).diag.constraint_name == "url_blocked_address"


def test_what_waits_keeps_its_order(sandbox: Host) -> None:
    """An ordered endpoint that is ordered no more sends what it has in order, and what is written then at once."""
    created = steps.endpoint(sandbox, ordering="per_resource")
    first, second = emit(sandbox, 2)
    change(sandbox, created.id, {"ordering": "none"})
    (new,) = emit(sandbox, 1)
    dispatcher = register(sandbox)

    claimed = claim(sandbox, dispatcher)
    steps.record(sandbox, *(result(row, dispatcher, steps.SUCCEEDED) for row in claimed))
    then = claim(sandbox, dispatcher)

    assert steps.ids(claimed) == [first, new]
    assert steps.ids(then) == [second]


def test_the_audit_log(sandbox: Host) -> None:
    """One line, of what changed and nothing else; of a URL without its query."""
    created = steps.endpoint(sandbox)

    change(sandbox, created.id, {"url": "https://other.example/in?token=a-secret", "timeout_seconds": 5})

    (line,) = sandbox.rows(
        "select clinic_id, subject, details from outbound_webhooks.audit_log where action = 'endpoint.changed'"
    )
    assert line["clinic_id"] == CLINIC
    assert line["subject"] == f"endpoint {created.id}"
    assert "a-secret" not in str(line["details"])
    assert line["details"]["after"].keys() == {"url", "timeout_seconds"}  # type: ignore[index]

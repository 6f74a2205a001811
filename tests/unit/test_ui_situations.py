"""What an endpoint is in: the first is the answer, the others stand beside it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from dispatcher.admin.operations.delivery_rows import ErrorClass
from dispatcher.admin.operations.endpoint_rows import EndpointStatus
from dispatcher.admin.ui.situations import Failure, last_failure, situations
from dispatcher.admin.ui.wording.advice import BY_STATUS, REDIRECT, TROUBLE, advice
from tests.unit.test_ui_endpoint_form import SHOWN

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)
WELL = EndpointStatus(
    breaker="closed",
    breaker_changed_at=NOW,
    probe_at=None,
    held_until=None,
    failures=0,
    failing_since=None,
    failed_at=None,
    failed_with=None,
    succeeded_at=NOW,
    in_flight=0,
    allowed_in_flight=10,
    pending=0,
    due=0,
    oldest_due_seconds=0,
    parked=0,
    oldest_parked=None,
    attempts=0,
    success_rate=None,
    request_p95_ms=None,
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["active"]),
        ({"succeeded_at": None}, ["new"]),
        ({"succeeded_at": None, "failures": 1}, ["failing"]),
        ({"failures": 3, "held_until": SOON, "allowed_in_flight": 5}, ["failing", "held", "slowed"]),
        ({"held_until": NOW}, ["active"]),
        ({"breaker": "open", "failures": 12}, ["open"]),
        ({"breaker": "half_open", "failures": 12, "oldest_due_seconds": 301}, ["half_open", "late"]),
        ({"oldest_due_seconds": 300}, ["active"]),
    ],
)
def test_an_active_one(changes: dict[str, Any], expected: list[str]) -> None:
    """How it is doing."""
    assert situations(replace(SHOWN, status=replace(WELL, **changes)), NOW) == expected


@pytest.mark.parametrize("state", ["paused", "disabled", "retired"])
def test_one_that_is_stopped(state: Any) -> None:
    """Its state says it, whatever it was doing."""
    status = None if state == "retired" else replace(WELL, failures=9, held_until=SOON)

    assert situations(replace(SHOWN, state=state, status=status), NOW) == [state]


def test_how_it_failed_last() -> None:
    """By its class, and the status where there was an answer."""
    assert last_failure(None) is last_failure(WELL) is None
    assert last_failure(replace(WELL, failed_with="tls")) == Failure("tls", None)
    assert last_failure(replace(WELL, failed_with="http_status 503")) == Failure("http_status", 503)


def test_there_is_advice_for_every_failure() -> None:
    """And none for what did not fail."""
    assert advice(None, 204) is None
    assert all(advice(one, None) for one in get_args(ErrorClass))
    assert (advice("http_status", 302), advice("http_status", 503)) == (REDIRECT, TROUBLE)
    assert all(advice("http_status", status) for status in range(300, 600))
    assert advice("http_status", 404) == BY_STATUS[404]

"""How many endpoints a round of claiming looks at."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dispatcher.core.model import Delivery
from dispatcher.pipeline.claim import Round
from dispatcher.pipeline.rotation import LEAST_VISITS, MOST_VISITS, next_visits, visits_for

DELIVERY = Delivery(
    id=1, endpoint_id=1, clinic_id="clinic-1", event_id="e", event_type="t", body="{}",
    created_at=datetime(2026, 1, 1, tzinfo=UTC), lease_token=1, attempt_number=1, failure_count=0,
    url="https://clinic.example/", timeout_seconds=20, is_probe=False, is_suspect=False,
    retry_schedule=None, secrets=(), headers=(),
    traceparent=None, request_id=None,
)  # fmt: skip


def found(*, endpoints: int, each: int = 1, cursor: int = 0) -> Round:
    """A round that claimed so many deliveries of so many endpoints."""
    deliveries = tuple(replace(DELIVERY, endpoint_id=1 + n % endpoints) for n in range(endpoints * each))
    return Round(deliveries, endpoints, cursor, frozenset(), None, DELIVERY.created_at)


@pytest.mark.parametrize(
    ("endpoints", "each", "expected"), [(10, 20, 20), (30, 5, 60), (200, 1, MOST_VISITS), (1, 1, LEAST_VISITS)]
)
def test_a_full_round(endpoints: int, each: int, expected: int) -> None:
    """Twice as many as it took, within bounds, whatever it was before."""
    assert next_visits(200, endpoints * each, found(endpoints=endpoints, each=each, cursor=endpoints)) == expected
    assert visits_for(endpoints) == expected


def test_rounds_that_find_too_little() -> None:
    """Twice as many each time, until it is the most: endpoints that wait for a retry must not cost a round each."""
    visits = [LEAST_VISITS]
    while visits[-1] < MOST_VISITS:
        visits.append(next_visits(visits[-1], 200, found(endpoints=1, cursor=1)))

    assert visits == [20, 40, 80, 160, 200]
    assert next_visits(MOST_VISITS, 200, found(endpoints=1, cursor=1)) == MOST_VISITS


def test_the_end_of_a_rotation() -> None:
    """It looked at all there were: that says nothing about how many to look at."""
    assert next_visits(40, 200, found(endpoints=5)) == 40

"""endpoint_statistics: rates, and percentiles that lie in the bucket where they belong."""

from itertools import pairwise
from typing import Any

import pytest

from tests.sql import steps
from tests.sql.steps import RETRY, SUCCEEDED, Row, claim, emit, endpoint, record, register, result
from tests.support.host import Host

pytestmark = pytest.mark.usefixtures("within_an_hour")

MILLISECONDS = "select request_ms from outbound_webhooks.statistics_bounds"


def flush(host: Host, *durations: int, values: Row = SUCCEEDED) -> None:
    """Requests that took so long, each with such a result."""
    dispatcher = register(host)
    emit(host, len(durations))
    rows = claim(host, dispatcher, limit=len(durations))
    record(host, *(result(row, dispatcher, values, duration_ms=ms) for row, ms in zip(rows, durations, strict=True)))


def statistics(host: Host) -> Row:
    """The only row of the view."""
    (row,) = host.rows("select * from outbound_webhooks.endpoint_statistics")
    return row


def test_rates(sandbox: Host) -> None:
    """Attempts by outcome; the share of those that succeeded among those whose answer is known; ended deliveries."""
    endpoint(sandbox, max_in_flight=1000)
    flush(sandbox, 5, 5, 5)
    flush(sandbox, 5, values=RETRY)
    emit(sandbox)
    dispatcher = register(sandbox)
    steps.release(sandbox, claim(sandbox, dispatcher), may_have_left=True)

    found = statistics(sandbox)

    names = ("attempts", "succeeded", "failed", "lost", "delivered", "dead", "cancelled")
    assert [found[name] for name in names] == [5, 3, 1, 1, 3, 0, 0]
    assert float(found["success_rate"]) == 0.75


def test_nothing_is_known(sandbox: Host) -> None:
    """Only lost attempts: no rate, and no percentile."""
    endpoint(sandbox)
    emit(sandbox)
    dispatcher = register(sandbox)
    steps.release(sandbox, claim(sandbox, dispatcher), may_have_left=True)

    found = statistics(sandbox)

    unknown = [name for name, value in found.items() if value is None]
    assert unknown == ["success_rate", *(f"{kind}_p{p}_ms" for kind in ("request", "delivery") for p in (50, 95, 99))]


@pytest.mark.parametrize(
    ("durations", "percentiles"),
    [
        ([60], (75, 98, 100)),  # one request: somewhere between 50 and 100
        ([5] * 50 + [60] * 50, (10, 95, 99)),
        ([5] * 94 + [60] * 6, (5, 58, 92)),
        ([0] * 98 + [45000] * 2, (5, 10, 30000)),  # above the last bound: at least that
    ],
)
def test_percentiles(sandbox: Host, durations: list[int], percentiles: tuple[int, ...]) -> None:
    """As far into the bucket as they would lie were its requests spread evenly."""
    endpoint(sandbox, max_in_flight=1000)

    flush(sandbox, *durations)
    found = statistics(sandbox)

    assert tuple(found[f"request_p{p}_ms"] for p in (50, 95, 99)) == percentiles


def test_percentiles_lie_in_their_bucket(sandbox: Host) -> None:
    """Of durations all over the place: each estimate is in the bucket of the exact percentile, and they ascend."""
    durations = [n * n // 3 for n in range(1, 101)]
    endpoint(sandbox, max_in_flight=1000)
    bounds: Any = sandbox.value(MILLISECONDS)

    flush(sandbox, *durations)
    found = statistics(sandbox)

    estimated = [int(found[f"request_p{p}_ms"]) for p in (50, 95, 99)]
    for p, estimate in zip((50, 95, 99), estimated, strict=True):
        exact = durations[p - 1]
        assert any(low <= exact < high and low <= estimate <= high for low, high in pairwise([0, *bounds]))
    assert estimated == sorted(estimated)
    assert found["delivery_p50_ms"] <= found["delivery_p95_ms"] <= found["delivery_p99_ms"]


def test_each_endpoint_and_clinic(sandbox: Host) -> None:
    """Two endpoints of two clinics have a row each."""
    one, other = endpoint(sandbox), endpoint(sandbox, "clinic-2")
    dispatcher = register(sandbox)
    emit(sandbox)
    emit(sandbox, clinic="clinic-2")
    record(sandbox, *(result(row, dispatcher, SUCCEEDED) for row in claim(sandbox, dispatcher)))

    rows = sandbox.rows("select endpoint_id, clinic_id, attempts from outbound_webhooks.endpoint_statistics order by 1")

    assert [tuple(row.values()) for row in rows] == [(one.id, "clinic-1", 1), (other.id, "clinic-2", 1)]

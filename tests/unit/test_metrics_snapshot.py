"""telemetry.metrics: what the last snapshot of the database says, and what is read from memory at each scrape."""

import pytest

from dispatcher.telemetry.metrics import Metrics
from dispatcher.telemetry.snapshot import SourceStats, XminAge
from tests.unit.examples import NOW, endpoint_stats, stats
from tests.unit.scraping import observed, samples, value


def test_a_snapshot_sets_every_gauge(metrics: Metrics) -> None:
    """The gauges show the last snapshot, and nothing of the one before."""
    observed(metrics, stats(), stats(pending=0, parked=2, open_capture_errors=3, capture=False))
    live = {state: value(metrics, "deliveries", state=state) for state in ("pending", "in_flight", "parked")}

    assert live == {"pending": 0, "in_flight": 12, "parked": 2}
    assert value(metrics, "due_deliveries") == 4
    assert value(metrics, "oldest_due_seconds") == 1.5
    assert value(metrics, "capture_errors_open") == 3
    assert value(metrics, "partition_headroom_seconds") == 14 * 86400
    assert value(metrics, "notify_queue_usage_ratio") == 0.25
    assert (value(metrics, "capture_on"), value(metrics, "delivery_on")) == (0, 1)
    assert value(metrics, "armed") == 1
    assert value(metrics, "snapshot_timestamp_seconds") == NOW.timestamp()
    assert value(metrics, "snapshot_duration_seconds") == 0.02


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"delivering": False}, (0, 1)),
        ({"delivery": False}, (0, 1)),
        ({"unarmed": "it is a copy"}, (1, 0)),
    ],
)
def test_what_keeps_everything_from_being_sent(
    metrics: Metrics, changes: dict[str, object], expected: tuple[int, int]
) -> None:
    """Nobody delivers, delivery is switched off, or the database is not armed: each is seen."""
    observed(metrics, stats(), stats(**changes))

    assert (value(metrics, "delivery_on"), value(metrics, "armed")) == expected


def test_endpoints_of_a_snapshot(metrics: Metrics) -> None:
    """Those that it tells apart, and the others together: for these, how many are in each state."""
    paused = endpoint_stats(8, clinic_id="clinic-2", host="other.example:8443", active=0, paused=1, parked=30)
    troubled = endpoint_stats(9, breaker_closed=0, breaker_half_open=1, pending=5, due=3, oldest_due_seconds=700.5)
    others = endpoint_stats(None, active=40, disabled=2, breaker_closed=42, pending=6, in_flight=1, due=2)
    observed(metrics, stats(), stats(endpoints=(paused, troubled, others)))

    assert samples(metrics, "endpoint_info") == {
        ("8", "clinic-2", "other.example:8443"): 1, ("9", "clinic-1", "receiver.example"): 1,
    }  # fmt: skip
    assert samples(metrics, "endpoint_state") == {
        ("8", "paused"): 1, ("9", "active"): 1, ("other", "active"): 40, ("other", "disabled"): 2,
    }  # fmt: skip
    assert samples(metrics, "endpoint_breaker") == {("8", "closed"): 1, ("9", "half_open"): 1, ("other", "closed"): 42}
    assert samples(metrics, "endpoint_deliveries") == {
        ("8", "pending"): 0, ("8", "in_flight"): 0, ("8", "parked"): 30,
        ("9", "pending"): 5, ("9", "in_flight"): 0, ("9", "parked"): 0,
        ("other", "pending"): 6, ("other", "in_flight"): 1, ("other", "parked"): 0,
    }  # fmt: skip
    assert samples(metrics, "endpoint_due_deliveries") == {("8",): 0, ("9",): 3, ("other",): 2}
    assert samples(metrics, "endpoint_oldest_due_seconds") == {("8",): 0, ("9",): 700.5, ("other",): 0}


def test_sources(metrics: Metrics) -> None:
    """Each watched table; one that is no longer watched has no series."""
    observed(metrics, stats(), stats(sources=(SourceStats("refunds", False, 2),)))

    assert samples(metrics, "source_capture_on") == {("refunds",): 0}
    assert samples(metrics, "source_triggers_missing") == {("refunds",): 2}


def held(metrics: Metrics, xmin: str | None, age: int, after: float) -> float | None:
    """For how long a session's xmin is held, as a snapshot so many seconds after the first one finds it."""
    observed(metrics, stats(xmins=(XminAge("session", xmin, age),), taken_at=NOW.timestamp() + after))
    return value(metrics, "xmin_held_seconds", holder="session")


def test_how_long_an_xmin_is_held(metrics: Metrics) -> None:
    """As long as it does not move; when it does, the time begins anew."""
    found = [held(metrics, "901", age, after) for age, after in ((3, 0), (9, 10), (40, 30))]

    assert found == [0, 10, 30]
    assert value(metrics, "xmin_age_transactions", holder="session") == 40
    assert [held(metrics, "950", 5, 40), held(metrics, "950", 5, 55), held(metrics, None, 0, 60)] == [0, 15, 0]


def test_an_idle_server_holds_nothing(metrics: Metrics) -> None:
    """An xmin that does not move because nothing is written keeps no dead row."""
    assert [held(metrics, "901", 0, after) for after in (0, 10)] == [0, 0]


def test_pools_and_slots(metrics: Metrics) -> None:
    """Read when they are asked for: what is in use at that moment, and what was waited for in all."""
    pool = {"pool_size": 4, "pool_available": 4, "requests_waiting": 0}
    taken = 0
    metrics.watch_pool("dispatcher", lambda: pool)
    metrics.watch_slots(200, lambda: taken)
    pool |= {"pool_available": 1, "requests_waiting": 2, "requests_num": 30, "requests_wait_ms": 1500}
    taken = 12

    assert samples(metrics, "pool_connections") == {("dispatcher", "idle"): 1, ("dispatcher", "busy"): 3}
    assert value(metrics, "pool_waiting_requests", pool="dispatcher") == 2
    assert value(metrics, "pool_requests_total", pool="dispatcher") == 30
    assert value(metrics, "pool_wait_seconds_total", pool="dispatcher") == 1.5
    assert samples(metrics, "slots") == {("busy",): 12, ("free",): 188}

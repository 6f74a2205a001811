"""telemetry.metrics: each observation counts where it should, under names that Prometheus' own linter accepts."""

import re
from datetime import timedelta

import pytest
from prometheus_client import Metric
from prometheus_client.exposition import generate_latest

from dispatcher.core.model import ErrorClass
from dispatcher.telemetry import observations as o
from dispatcher.telemetry.metrics import PREFIX, Metrics
from tests.unit.examples import HEADER_VALUE, NOW, attempt, delivery, every_observation, result, stats

ENDPOINT = {"endpoint": "7"}

# The lists of Prometheus' linter (`promtool check metrics`), as far as they concern names like ours.
OTHER_UNITS = {"minutes", "hours", "days", "weeks", "bits", "milliseconds", "microseconds", "kilobytes", "percent"}
ABBREVIATIONS = {"s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "m", "h", "d"}
TYPES = {"counter", "gauge", "histogram", "summary"}
RESERVED_ENDINGS = ("_count", "_sum", "_bucket")


@pytest.fixture
def metrics() -> Metrics:
    """The metrics of a process that has done nothing yet."""
    return Metrics("1.2.3")


def observed(metrics: Metrics, *observations: o.Observation) -> Metrics:
    """The metrics after these observations."""
    for observation in observations:
        metrics.observe(observation)
    return metrics


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """The value of one sample; None if there is no such sample."""
    return metrics.registry.get_sample_value(PREFIX + name, labels)


def attempts(metrics: Metrics) -> dict[tuple[str, str], float]:
    """Attempts of the example's endpoint by outcome and class."""
    (family,) = (family for family in metrics.registry.collect() if family.name == PREFIX + "attempts")
    assert all(sample.labels["endpoint"] == "7" for sample in family.samples)
    return {(sample.labels["outcome"], sample.labels["class"]): sample.value for sample in family.samples}


def test_attempts_count_by_outcome_and_class(metrics: Metrics) -> None:
    """One count an attempt, under the class of its status, or of its error if it has no status."""
    observed(metrics, attempt("succeeded"), attempt("succeeded"), attempt("retried"), attempt("dead"))

    assert attempts(metrics) == {("succeeded", "2xx"): 2, ("failed", "5xx"): 1, ("failed", "timeout"): 1}
    assert value(metrics, "attempt_duration_seconds_count", **ENDPOINT) == 4
    assert value(metrics, "attempt_duration_seconds_sum", **ENDPOINT) == pytest.approx(0.48)


@pytest.mark.parametrize(
    ("status", "error", "shown"),
    [(101, None, "1xx"), (204, None, "2xx"), (301, None, "3xx"), (410, None, "4xx"), (599, None, "5xx")]
    + [(None, error, error.value) for error in ErrorClass],
)
def test_class(metrics: Metrics, status: int | None, error: ErrorClass | None, shown: str) -> None:
    """The class is one of a few words, whatever a receiver answers."""
    verdict = attempt("retried").verdict
    observed(metrics, o.AttemptFinished(delivery(), result(status, error), verdict, kept=True))

    assert attempts(metrics) == {("failed", shown): 1}


def test_only_a_success_has_a_latency(metrics: Metrics) -> None:
    """From the event to the end of its successful attempt; attempts that failed have no latency."""
    late = o.AttemptFinished(
        delivery(), result(204, started_at=NOW + timedelta(seconds=90)), attempt("succeeded").verdict, kept=True
    )
    observed(metrics, late, attempt("retried"), attempt("dead"))

    assert value(metrics, "delivery_latency_seconds_count", **ENDPOINT) == 1
    assert value(metrics, "delivery_latency_seconds_sum", **ENDPOINT) == pytest.approx(90.12)


def test_a_latency_is_never_negative(metrics: Metrics) -> None:
    """A database clock ahead of ours must not take anything away from the sum."""
    early = o.AttemptFinished(
        delivery(), result(204, started_at=NOW - timedelta(seconds=5)), attempt("succeeded").verdict, kept=True
    )
    observed(metrics, early)

    assert value(metrics, "delivery_latency_seconds_sum", **ENDPOINT) == 0


def test_dead_deliveries(metrics: Metrics) -> None:
    """Only an attempt that ended its delivery counts as a dead one."""
    observed(metrics, attempt("succeeded"), attempt("retried"), attempt("dead"))

    assert value(metrics, "deliveries_dead_total", **ENDPOINT) == 1


@pytest.mark.parametrize("kind", ["succeeded", "dead"])
def test_a_result_that_came_too_late(metrics: Metrics, kind: str) -> None:
    """The request was made, so it counts as an attempt; what becomes of its delivery is somebody else's to count."""
    observed(metrics, attempt(kind, kept=False))

    assert sum(attempts(metrics).values()) == 1
    assert value(metrics, "delivery_latency_seconds_count", **ENDPOINT) is None
    assert value(metrics, "deliveries_dead_total", **ENDPOINT) is None


def test_endpoints_are_apart(metrics: Metrics) -> None:
    """Each endpoint has series of its own."""
    other = o.AttemptFinished(delivery(endpoint_id=8), result(204), attempt("succeeded").verdict, kept=True)
    observed(metrics, attempt("succeeded"), other, other)
    labels = {"outcome": "succeeded", "class": "2xx"}

    assert value(metrics, "attempts_total", endpoint="7", **labels) == 1
    assert value(metrics, "attempts_total", endpoint="8", **labels) == 2


COUNTED: list[tuple[o.Observation, dict[str, float]]] = [
    (o.EndpointDisabled(7, "clinic-1", "gone"), {"endpoints_disabled_total": 1}),
    (o.LeasesFreed(3), {"leases_freed_total": 3}),
    (o.DeliveryReleased(delivery(), "EMFILE"), {"deliveries_released_total": 1}),
    (o.Claimed(20, 4, 0.25), {"claims_total": 1, "claimed_deliveries_total": 20, "claim_duration_seconds_sum": 0.25}),
    (o.Claimed(0, 0, 0.25), {"claims_total": 1, "claimed_deliveries_total": 0, "claim_duration_seconds_count": 1}),
    (o.ResultsFlushed(25, 2, 0.1), {"flush_results_count": 1, "flush_results_sum": 25, "stale_results_total": 2}),
    (o.ListenChanged(True, "listening"), {"listening": 1}),
    (o.ListenChanged(False, "connection lost"), {"listening": 0}),
    (o.LeadershipChanged(True), {"leading": 1}),
    (o.LeadershipChanged(False), {"leading": 0}),
    (o.PartitionDropped("events_20260101", 81920), {"partitions_dropped_total": 1}),
    (o.RetentionFinished(3), {"partitions_overdue": 3}),
]


@pytest.mark.parametrize(("observation", "values"), COUNTED, ids=[type(seen).__name__ for seen, _ in COUNTED])
def test_what_an_observation_counts(metrics: Metrics, observation: o.Observation, values: dict[str, float]) -> None:
    """Observations without labels, and what each adds or sets."""
    observed(metrics, observation)

    assert {name: value(metrics, name) for name in values} == values


def test_breakers_are_counted_when_they_open(metrics: Metrics) -> None:
    """One count for each opening, by endpoint; closing again counts nothing."""
    observed(metrics, o.BreakerChanged(7, "clinic-1", True), o.BreakerChanged(7, "clinic-1", False))
    observed(metrics, o.BreakerChanged(7, "clinic-1", True), o.BreakerChanged(8, "clinic-1", False))

    assert value(metrics, "breaker_openings_total", endpoint="7") == 2
    assert value(metrics, "breaker_openings_total", endpoint="8") is None


def test_replays_are_counted_by_kind(metrics: Metrics) -> None:
    """What became due, and what was left as it is, batch by batch."""
    observed(
        metrics,
        o.ReplayAdvanced(3, "replay", 125, 2, False),
        o.ReplayAdvanced(3, "replay", 5, 0, True),
        o.ReplayAdvanced(4, "reevaluation", 7, 0, True),
    )

    assert value(metrics, "replayed_deliveries_total", kind="replay") == 130
    assert value(metrics, "replay_skipped_deliveries_total", kind="replay") == 2
    assert value(metrics, "replayed_deliveries_total", kind="reevaluation") == 7


def test_labels_of_wake_ups_and_trouble(metrics: Metrics) -> None:
    """By what work was found; and which task could not reach the database."""
    observed(metrics, o.Woken("doorbell"), o.Woken("doorbell"), o.Woken("sweep"), o.DatabaseTrouble("claim", "refused"))

    assert value(metrics, "woken_total", by="doorbell") == 2
    assert value(metrics, "woken_total", by="sweep") == 1
    assert value(metrics, "database_trouble_total", task="claim") == 1


def test_what_the_leader_does(metrics: Metrics) -> None:
    """Rows purged and tables vacuumed, by table; what kept a task from its work, by task."""
    observed(metrics, o.RowsPurged("dispatchers", 3), o.RowsPurged("dispatchers", 4))
    observed(metrics, o.TableVacuumed("deliveries", 6000, 5000, 0.1), o.TableVacuumed("deliveries", 6000, 20, 0.1))
    observed(metrics, o.MaintenanceHindered("retention", "no right"))

    assert value(metrics, "rows_purged_total", table="dispatchers") == 7
    assert value(metrics, "vacuums_total", table="deliveries") == 2
    assert value(metrics, "unremovable_rows", table="deliveries") == 20
    assert value(metrics, "maintenance_hindered_total", task="retention") == 1


def test_what_is_overdue_is_the_leaders_to_say(metrics: Metrics) -> None:
    """A dispatcher that leads no longer does not go on showing what was overdue then."""
    observed(metrics, o.LeadershipChanged(True), o.RetentionFinished(3), o.LeadershipChanged(False))

    assert value(metrics, "partitions_overdue") == 0


def test_a_snapshot_sets_every_gauge(metrics: Metrics) -> None:
    """The gauges show the last snapshot, and nothing of the one before."""
    observed(metrics, stats(), stats(pending=0, parked=2, open_capture_errors=3, capture=False))
    live = {state: value(metrics, "deliveries", state=state) for state in ("pending", "in_flight", "parked")}

    assert live == {"pending": 0, "in_flight": 12, "parked": 2}
    assert value(metrics, "oldest_due_seconds") == 1.5
    assert value(metrics, "capture_errors_open") == 3
    assert value(metrics, "partition_headroom_seconds") == 14 * 86400
    assert value(metrics, "notify_queue_usage_ratio") == 0.25
    assert (value(metrics, "capture_on"), value(metrics, "delivery_on")) == (0, 1)
    assert value(metrics, "armed") == 1


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


def test_build_info(metrics: Metrics) -> None:
    """The version is a label, so that a dashboard can show which is running where."""
    assert value(metrics, "build_info", version="1.2.3") == 1


def test_what_is_only_told_in_the_log_counts_nothing(metrics: Metrics) -> None:
    """Start and stop change no number."""
    before = generate_latest(metrics.registry)
    observed(metrics, o.DispatcherStarted(1, "1.2.3", True), o.DispatcherStopping(0), o.DispatcherStopped(0))

    assert generate_latest(metrics.registry) == before


def test_no_secret_body_or_url_is_in_the_metrics(metrics: Metrics) -> None:
    """Whatever is observed: what is scraped holds numbers, ids and words of ours only."""
    scraped = generate_latest(observed(metrics, *every_observation()).registry).decode()
    owed = delivery()

    assert "whsec_" not in scraped
    assert HEADER_VALUE not in scraped
    assert not any(text in scraped for text in (owed.body, owed.url, owed.event_id, owed.clinic_id))


def families() -> list[Metric]:
    """Every metric family, with samples."""
    return list(observed(Metrics("1.2.3"), *every_observation()).registry.collect())


@pytest.mark.parametrize("family", families(), ids=lambda family: family.name.removeprefix(PREFIX))
def test_names(family: Metric) -> None:
    """Prometheus' naming rules: our prefix, snake_case, base units, `_total` on counters and nowhere else."""
    words = set(family.name.split("_"))
    names = {sample.name for sample in family.samples}
    labels = {label for sample in family.samples for label in sample.labels} - {"le"}

    assert re.fullmatch(PREFIX + r"[a-z]+(_[a-z]+)*", family.name)
    assert not words & (OTHER_UNITS | ABBREVIATIONS | TYPES)
    assert not family.name.endswith(RESERVED_ENDINGS)
    assert all(name.endswith("_total") for name in names) == (family.type == "counter")
    assert (family.type == "histogram") == any(name.endswith("_bucket") for name in names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", label) for label in labels)
    assert family.documentation.endswith(".")

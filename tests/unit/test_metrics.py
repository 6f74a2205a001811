"""telemetry.metrics: each observation counts where it should, in all and of this process."""

from datetime import timedelta

import pytest
from prometheus_client.exposition import generate_latest

from dispatcher.core.model import ErrorClass
from dispatcher.telemetry import observations as o
from dispatcher.telemetry.metrics import PREFIX, Metrics
from tests.unit.examples import NOW, attempt, delivery, result
from tests.unit.scraping import observed, value


def attempts(metrics: Metrics) -> dict[tuple[str, str], float]:
    """Attempts by outcome and class."""
    (family,) = (family for family in metrics.registry.collect() if family.name == PREFIX + "attempts")
    return {(sample.labels["outcome"], sample.labels["class"]): sample.value for sample in family.samples}


def test_attempts_count_by_outcome_and_class(metrics: Metrics) -> None:
    """One count an attempt, under the class of its status, or of its error if it has no status."""
    observed(metrics, attempt("succeeded"), attempt("succeeded"), attempt("retried"), attempt("dead"))

    assert attempts(metrics) == {("succeeded", "2xx"): 2, ("failed", "5xx"): 1, ("failed", "timeout"): 1}
    assert value(metrics, "attempt_duration_seconds_count") == 4
    assert value(metrics, "attempt_duration_seconds_sum") == pytest.approx(0.48)


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

    assert value(metrics, "delivery_latency_seconds_count") == 1
    assert value(metrics, "delivery_latency_seconds_sum") == pytest.approx(90.12)


def test_a_latency_is_never_negative(metrics: Metrics) -> None:
    """A database clock ahead of ours must not take anything away from the sum."""
    early = o.AttemptFinished(
        delivery(), result(204, started_at=NOW - timedelta(seconds=5)), attempt("succeeded").verdict, kept=True
    )
    observed(metrics, early)

    assert value(metrics, "delivery_latency_seconds_sum") == 0


def test_dead_deliveries(metrics: Metrics) -> None:
    """Only an attempt that ended its delivery counts as a dead one."""
    observed(metrics, attempt("succeeded"), attempt("retried"), attempt("dead"))

    assert value(metrics, "deliveries_dead_total", reason="attempts") == 1


@pytest.mark.parametrize("kind", ["succeeded", "dead"])
def test_a_result_that_came_too_late(metrics: Metrics, kind: str) -> None:
    """The request was made, so it counts as an attempt; what becomes of its delivery is somebody else's to count."""
    observed(metrics, attempt(kind, kept=False))

    assert sum(attempts(metrics).values()) == 1
    assert value(metrics, "delivery_latency_seconds_count") == 0
    assert value(metrics, "deliveries_dead_total", reason="attempts") == 0


COUNTED: list[tuple[o.Observation, dict[str, float]]] = [
    (o.EndpointDisabled(7, "clinic-1", "gone"), {"endpoints_disabled_total": 1}),
    (o.BreakerChanged(7, "clinic-1", True), {"breaker_openings_total": 1}),
    (o.BreakerChanged(7, "clinic-1", False), {"breaker_openings_total": 0}),
    (o.LeasesFreed(3), {"leases_freed_total": 3}),
    (o.ResultUnrecordable(delivery(), "23514 check violation"), {"unrecordable_results_total": 1}),
    (o.LoopLagged(0.3), {"loop_lag_seconds_count": 1, "loop_lag_seconds_sum": 0.3}),
    (o.DeliveryReleased(delivery(), "EMFILE"), {"deliveries_released_total": 1}),
    (o.Claimed(20, 4, 0.25), {"claims_total": 1, "claimed_deliveries_total": 20, "claim_duration_seconds_sum": 0.25}),
    (o.Claimed(0, 0, 0.25), {"claims_total": 1, "claimed_deliveries_total": 0, "claim_duration_seconds_count": 1}),
    (o.ResultsFlushed(25, 2, 0.1), {"flush_results_count": 1, "flush_results_sum": 25, "stale_results_total": 2}),
    (o.ResultsFlushed(25, 2, 0.1), {"flush_duration_seconds_count": 1, "flush_duration_seconds_sum": 0.1}),
    (o.ListenChanged(True, "listening"), {"listening": 1, "listening_wanted": 1}),
    (o.ListenChanged(False, "connection lost"), {"listening": 0, "listening_wanted": 1}),
    (o.ListenChanged(False, "settings.wake_up is poll", wanted=False), {"listening": 0, "listening_wanted": 0}),
    (o.DispatcherStarted(1, "1.2.3", True), {"delivering": 1}),
    (o.DispatcherStarted(1, "1.2.3", False), {"delivering": 0}),
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


def test_parked_too_long(metrics: Metrics) -> None:
    """Deliveries that the leader ended are as dead as those that ran out of attempts, for another reason."""
    observed(metrics, o.ParkedEnded(4), attempt("dead"))

    assert value(metrics, "deliveries_dead_total", reason="parked") == 4
    assert value(metrics, "deliveries_dead_total", reason="attempts") == 1


def test_who_stops_has_to_listen_no_longer(metrics: Metrics) -> None:
    """A dispatcher that drains claims nothing, and nobody is to be woken because it does not listen."""
    observed(
        metrics, o.DispatcherStarted(1, "1.2.3", True), o.ListenChanged(True, "listening"), o.DispatcherStopping(3)
    )

    assert (value(metrics, "delivering"), value(metrics, "listening_wanted")) == (0, 0)


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


def test_build_info(metrics: Metrics) -> None:
    """The version is a label, so that a dashboard can show which is running where."""
    assert value(metrics, "build_info", version="1.2.3") == 1


def test_what_is_only_told_in_the_log_counts_nothing(metrics: Metrics) -> None:
    """Start and stop change no number."""
    before = generate_latest(metrics.registry)
    observed(metrics, o.DispatcherStarted(1, "1.2.3", True), o.DispatcherStopping(0), o.DispatcherStopped(0))

    assert generate_latest(metrics.registry) == before

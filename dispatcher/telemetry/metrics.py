"""Observations as Prometheus metrics. `docs/metrics.md` is tested against this file.

Gauges that come from the database show the last snapshot, the same from every dispatcher: use max(), never sum().
"""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from dispatcher.telemetry import observations as o

PREFIX = "outbound_webhooks_"


class Metrics:
    """One process's metrics, in a registry of their own."""

    def __init__(self, version: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
        self.registry = CollectorRegistry()
        self._define_path()
        self._define_process()
        self._define_maintenance()
        self._define_database()
        self._gauge("build_info", "Always 1.", "version").labels(version).set(1)

    def _define_path(self) -> None:
        """What becomes of deliveries here, by endpoint."""
        self._attempts = self._counter(
            "attempts_total",
            "HTTP requests, by endpoint, outcome and class of status or error.",
            *("endpoint", "outcome", "class"),
        )
        self._duration = self._histogram(
            "attempt_duration_seconds",
            "From connecting to the last byte of the answer.",
            (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
            "endpoint",
        )
        self._latency = self._histogram(
            "delivery_latency_seconds",
            "From the event to its successful delivery.",
            (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 60, 300, 900, 3600, 21600, 86400),
            "endpoint",
        )
        self._dead = self._counter("deliveries_dead_total", "Deliveries that ran out of attempts.", "endpoint")
        self._disabled = self._counter("endpoints_disabled_total", "Endpoints that were disabled by us.")
        self._breaker_opened = self._counter(
            "breaker_openings_total", "Circuit breakers that opened, by endpoint; a failed probe is none.", "endpoint"
        )
        self._released = self._counter(
            "deliveries_released_total", "Claimed deliveries given back unsent, for reasons of our own."
        )

        self._replayed = self._counter(
            "replayed_deliveries_total", "Deliveries that a replay or a reevaluation made due.", "kind"
        )
        self._replay_skipped = self._counter(
            "replay_skipped_deliveries_total",
            "Deliveries that a replay left as they are, as they cannot be sent.",
            "kind",
        )

    def _define_process(self) -> None:
        """How this dispatcher works."""
        self._claims = self._counter("claims_total", "Rounds of claiming.")
        self._claimed = self._counter("claimed_deliveries_total", "Deliveries claimed.")
        self._claim_seconds = self._histogram(
            "claim_duration_seconds", "One round of claiming.", (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1)
        )
        self._flushed = self._histogram("flush_results", "Results written in one batch.", (1, 5, 10, 25, 50, 100, 200))
        self._freed = self._counter(
            "leases_freed_total", "Leases that had run out or whose dispatcher died: requests that are made again."
        )
        self._stale = self._counter("stale_results_total", "Results whose lease had been taken over.")
        self._woken = self._counter("woken_total", "By what work was found: doorbell, or the sweep of a sleeper.", "by")
        self._trouble = self._counter("database_trouble_total", "Failed database operations, by task.", "task")
        self._listening = self._gauge("listening", "1 while LISTEN works; without it the dispatcher polls.")

    def _define_maintenance(self) -> None:
        """What the leader does."""
        self._leading = self._gauge("leading", "1 while this dispatcher does the maintenance.")
        self._dropped = self._counter("partitions_dropped_total", "Partitions that retention dropped.")
        self._overdue = self._gauge("partitions_overdue", "Partitions that retention could not drop.")
        self._purged = self._counter("rows_purged_total", "Old rows of small tables that were deleted.", "table")
        self._vacuums = self._counter("vacuums_total", "How often the leader vacuumed a table.", "table")
        self._unremovable = self._gauge("unremovable_rows", "Dead rows that its last VACUUM had to leave.", "table")
        self._hindered = self._counter(
            "maintenance_hindered_total", "How often a task of the leader could not do its work.", "task"
        )

    def _define_database(self) -> None:
        """The last snapshot of the database."""
        self._deliveries = self._gauge("deliveries", "Live deliveries by state, in the database.", "state")
        self._oldest_due = self._gauge("oldest_due_seconds", "How late the oldest due delivery is, in the database.")
        self._capture_errors = self._gauge("capture_errors_open", "Changes in the ledger that were not captured.")
        self._partitions = self._gauge(
            "partition_headroom_seconds", "For how long from the end of today on all partitions exist."
        )
        self._notify_queue = self._gauge("notify_queue_usage_ratio", "How full the server's notification queue is.")
        self._capture = self._gauge("capture_on", "1 while capture is on, for all sources.")
        self._delivering = self._gauge(
            "delivery_on", "1 while some dispatcher delivers, and delivery is not switched off."
        )
        self._armed = self._gauge("armed", "1 while the database is armed for the environment of this dispatcher.")

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(PREFIX + name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(PREFIX + name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(PREFIX + name, text, labels, buckets=buckets, registry=self.registry)

    def observe(self, observation: o.Observation) -> None:
        """Count one observation."""
        match observation:
            case o.AttemptFinished():
                self._observe_attempt(observation)
            case o.EndpointDisabled():
                self._disabled.inc()
            case o.BreakerChanged(endpoint_id, _, True):
                self._breaker_opened.labels(str(endpoint_id)).inc()
            case o.ReplayAdvanced(_, kind, moved, skipped):
                self._replayed.labels(kind).inc(moved)
                self._replay_skipped.labels(kind).inc(skipped)
            case o.LeasesFreed(count):
                self._freed.inc(count)
            case o.DeliveryReleased():
                self._released.inc()
            case o.Claimed(deliveries, _, seconds):
                self._claims.inc()
                self._claimed.inc(deliveries)
                self._claim_seconds.observe(seconds)
            case o.ResultsFlushed(results, stale, _):
                self._flushed.observe(results)
                self._stale.inc(stale)
            case o.Woken(by):
                self._woken.labels(by).inc()
            case o.DatabaseTrouble(task, _):
                self._trouble.labels(task).inc()
            case o.ListenChanged(listening, _):
                self._listening.set(listening)
            case o.StatsRefreshed():
                self._observe_stats(observation)
            case _:
                self._observe_maintenance(observation)

    def _observe_maintenance(self, observation: o.Observation) -> None:
        match observation:
            case o.LeadershipChanged(leading):
                self._leading.set(leading)
                self._overdue.set(0)  # the next leader's to say
            case o.PartitionDropped():
                self._dropped.inc()
            case o.RetentionFinished(left):
                self._overdue.set(left)
            case o.RowsPurged(table, count):
                self._purged.labels(table).inc(count)
            case o.TableVacuumed(table, _, left, _):
                self._vacuums.labels(table).inc()
                self._unremovable.labels(table).set(left)
            case o.MaintenanceHindered(task, _):
                self._hindered.labels(task).inc()
            case _:
                pass  # told in the log, not counted

    def _observe_attempt(self, attempt: o.AttemptFinished) -> None:
        endpoint = str(attempt.delivery.endpoint_id)
        result = attempt.result
        status_class = f"{result.status // 100}xx" if result.status is not None else str(result.error)
        self._attempts.labels(endpoint, str(attempt.verdict.outcome), status_class).inc()
        self._duration.labels(endpoint).observe(result.duration_ms / 1000)
        if not attempt.kept:
            return
        if attempt.verdict.state == "succeeded":
            finished = result.started_at.timestamp() + result.duration_ms / 1000
            self._latency.labels(endpoint).observe(max(finished - attempt.delivery.created_at.timestamp(), 0))
        elif attempt.verdict.state == "dead":
            self._dead.labels(endpoint).inc()

    def _observe_stats(self, stats: o.StatsRefreshed) -> None:
        for state in ("pending", "in_flight", "parked"):
            self._deliveries.labels(state).set(getattr(stats, state))
        self._oldest_due.set(stats.oldest_due_seconds)
        self._capture_errors.set(stats.open_capture_errors)
        self._partitions.set(stats.partition_days_ahead * 86400)
        self._notify_queue.set(stats.notify_queue_usage)
        self._capture.set(stats.capture)
        self._delivering.set(stats.delivering and stats.delivery)
        self._armed.set(stats.unarmed is None)

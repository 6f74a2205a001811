"""Observations as Prometheus metrics. `docs/metrics.md` is tested against this file.

Gauges that come from the database show the last snapshot, the same from every dispatcher: use max(), never sum().
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from dispatcher.telemetry import observations as o

PREFIX = "outbound_webhooks_"


class Metrics:
    """One process's metrics, in a registry of their own."""

    def __init__(self, version: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
        self.registry = CollectorRegistry()
        self._attempts = Counter(
            PREFIX + "attempts_total",
            "HTTP requests, by endpoint, outcome and class of status or error.",
            ["endpoint", "outcome", "class"],
            registry=self.registry,
        )
        self._duration = Histogram(
            PREFIX + "attempt_duration_seconds",
            "From connecting to the last byte of the answer.",
            ["endpoint"],
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
            registry=self.registry,
        )
        self._latency = Histogram(
            PREFIX + "delivery_latency_seconds",
            "From the event to its successful delivery.",
            ["endpoint"],
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 60, 300, 900, 3600, 21600, 86400),
            registry=self.registry,
        )
        self._dead = Counter(
            PREFIX + "deliveries_dead_total",
            "Deliveries that ran out of attempts.",
            ["endpoint"],
            registry=self.registry,
        )
        self._disabled = Counter(
            PREFIX + "endpoints_disabled_total", "Endpoints that were disabled by us.", registry=self.registry
        )
        self._released = Counter(
            PREFIX + "deliveries_released_total",
            "Claimed deliveries given back unsent, for reasons of our own.",
            registry=self.registry,
        )
        self._claims = Counter(PREFIX + "claims_total", "Rounds of claiming.", registry=self.registry)
        self._claimed = Counter(PREFIX + "claimed_deliveries_total", "Deliveries claimed.", registry=self.registry)
        self._claim_seconds = Histogram(
            PREFIX + "claim_duration_seconds",
            "One round of claiming.",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1),
            registry=self.registry,
        )
        self._flushed = Histogram(
            PREFIX + "flush_results",
            "Results written in one batch.",
            buckets=(1, 5, 10, 25, 50, 100, 200),
            registry=self.registry,
        )
        self._stale = Counter(
            PREFIX + "stale_results_total", "Results whose lease had been taken over.", registry=self.registry
        )
        self._woken = Counter(
            PREFIX + "woken_total",
            "By what work was found: doorbell, or the sweep of a sleeper.",
            ["by"],
            registry=self.registry,
        )
        self._trouble = Counter(
            PREFIX + "database_trouble_total", "Failed database operations, by task.", ["task"], registry=self.registry
        )
        self._listening = Gauge(
            PREFIX + "listening", "1 while LISTEN works; without it the dispatcher polls.", registry=self.registry
        )
        self._leading = Gauge(
            PREFIX + "leading", "1 while this dispatcher does the maintenance.", registry=self.registry
        )
        self._deliveries = Gauge(
            PREFIX + "deliveries", "Live deliveries by state, in the database.", ["state"], registry=self.registry
        )
        self._oldest_due = Gauge(
            PREFIX + "oldest_due_seconds",
            "How late the oldest due delivery is, in the database.",
            registry=self.registry,
        )
        self._capture_errors = Gauge(
            PREFIX + "capture_errors_open", "Changes in the ledger that were not captured.", registry=self.registry
        )
        self._partitions = Gauge(
            PREFIX + "partition_headroom_seconds",
            "For how long from the end of today on all partitions exist.",
            registry=self.registry,
        )
        self._notify_queue = Gauge(
            PREFIX + "notify_queue_usage_ratio", "How full the server's notification queue is.", registry=self.registry
        )
        self._capture = Gauge(PREFIX + "capture_on", "1 while capture is on, for all sources.", registry=self.registry)
        self._delivering = Gauge(PREFIX + "delivery_on", "1 while some dispatcher delivers.", registry=self.registry)
        Gauge(PREFIX + "build_info", "Always 1.", ["version"], registry=self.registry).labels(version).set(1)

    def observe(self, observation: o.Observation) -> None:
        """Count one observation."""
        match observation:
            case o.AttemptFinished():
                self._observe_attempt(observation)
            case o.EndpointDisabled():
                self._disabled.inc()
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
            case o.LeadershipChanged(leading):
                self._leading.set(leading)
            case o.StatsRefreshed():
                self._observe_stats(observation)
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
        self._delivering.set(stats.delivering)

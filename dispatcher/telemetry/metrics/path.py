"""What becomes of deliveries here, all endpoints together: totals, whose rates no change of a label disturbs."""

from dispatcher.telemetry import observations as o
from dispatcher.telemetry.metrics.families import Families
from dispatcher.telemetry.metrics.tally import class_of


class PathMetrics:
    """Attempts and deliveries."""

    def __init__(self, make: Families) -> None:
        self._attempts = make.counter(
            "attempts_total", "HTTP requests, by outcome and class of status or error.", "outcome", "class"
        )
        self._duration = make.histogram(
            "attempt_duration_seconds",
            "From connecting to the last byte of the answer.",
            (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
        )
        self._latency = make.histogram(
            "delivery_latency_seconds",
            "From the event, as its transaction wrote it, to its successful delivery.",
            (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 60, 300, 900, 3600, 21600, 86400),
        )
        self._dead = make.counter(
            "deliveries_dead_total", "Deliveries that ran out of attempts, or were parked too long.", "reason"
        )
        for reason in ("attempts", "parked"):
            self._dead.labels(reason)
        self._disabled = make.counter("endpoints_disabled_total", "Endpoints that were disabled by us.")
        self._breaker_opened = make.counter(
            "breaker_openings_total", "Circuit breakers that opened; a failed probe is none."
        )
        self._released = make.counter(
            "deliveries_released_total", "Claimed deliveries given back unsent, for reasons of our own."
        )
        self._replayed = make.counter(
            "replayed_deliveries_total", "Deliveries that a replay or a reevaluation made due.", "kind"
        )
        self._replay_skipped = make.counter(
            "replay_skipped_deliveries_total",
            "Deliveries that a replay left as they are, as they cannot be sent.",
            "kind",
        )

    def observe(self, observation: o.Observation) -> None:
        """Count what is one of these."""
        match observation:
            case o.AttemptFinished():
                self._observe_attempt(observation)
            case o.EndpointDisabled():
                self._disabled.inc()
            case o.BreakerChanged(_, _, True):
                self._breaker_opened.inc()
            case o.DeliveryReleased():
                self._released.inc()
            case o.ParkedEnded(count):
                self._dead.labels("parked").inc(count)
            case o.ReplayAdvanced(_, kind, moved, skipped):
                self._replayed.labels(kind).inc(moved)
                self._replay_skipped.labels(kind).inc(skipped)
            case _:
                pass

    def _observe_attempt(self, attempt: o.AttemptFinished) -> None:
        self._attempts.labels(str(attempt.verdict.outcome), class_of(attempt.result)).inc()
        self._duration.observe(attempt.result.duration_ms / 1000)
        if attempt.delivered:
            self._latency.observe(attempt.latency_seconds)
        elif attempt.ended_dead:
            self._dead.labels("attempts").inc()

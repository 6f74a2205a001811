"""What becomes of deliveries here, by endpoint: as many endpoints as there are labels, the others together."""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from dispatcher.telemetry import observations as o
from dispatcher.telemetry.metrics.families import PREFIX, counters
from dispatcher.telemetry.metrics.tally import Buckets, Labels, Tally, class_of


class EndpointMetrics:
    """A collector: makes the metrics of the labels that there are at each scrape."""

    def __init__(self, most: int) -> None:
        self._labels = Labels(most)

    def observe(self, observation: o.Observation) -> None:
        """Count what concerns one endpoint; a snapshot says who is to have a label."""
        match observation:
            case o.AttemptFinished():
                self._observe_attempt(observation)
            case o.BreakerChanged(endpoint_id, _, True):
                self._labels.of(endpoint_id).breaker_openings += 1
            case o.StatsRefreshed(endpoints=endpoints):
                self._labels.choose(each.endpoint_id for each in endpoints if each.endpoint_id is not None)
            case _:
                pass

    def _observe_attempt(self, attempt: o.AttemptFinished) -> None:
        tally = self._labels.of(attempt.delivery.endpoint_id)
        tally.attempts[str(attempt.verdict.outcome), class_of(attempt.result)] += 1
        tally.duration.observe(attempt.result.duration_ms / 1000)
        if attempt.delivered:
            tally.latency.observe(attempt.latency_seconds)
        elif attempt.ended_dead:
            tally.dead += 1

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        yield counters(
            "endpoint_attempts_total",
            "HTTP requests, by endpoint, outcome and class of status or error.",
            ("endpoint", "outcome", "class"),
            (((label, *key), count) for label, tally in self._labels for key, count in tally.attempts.items()),
        )
        yield self._histogram(
            "endpoint_attempt_duration_seconds",
            "From connecting to the last byte of the answer, by endpoint.",
            lambda tally: tally.duration,
        )
        yield self._histogram(
            "endpoint_delivery_latency_seconds",
            "From the event, as its transaction wrote it, to its successful delivery, by endpoint.",
            lambda tally: tally.latency,
        )
        yield self._counter(
            "endpoint_deliveries_dead_total", "Deliveries that ran out of attempts, by endpoint.", lambda t: t.dead
        )
        yield self._counter(
            "endpoint_breaker_openings_total",
            "Circuit breakers that opened, by endpoint; a failed probe is none.",
            lambda tally: tally.breaker_openings,
        )
        yield counters(
            "endpoint_labels_folded_total",
            "Endpoints that gave up their label, and whose counts were added to other.",
            (),
            [((), self._labels.folded)],
        )

    def _counter(self, name: str, text: str, count: Callable[[Tally], int]) -> CounterMetricFamily:
        return counters(name, text, ("endpoint",), (((label,), count(tally)) for label, tally in self._labels))

    def _histogram(self, name: str, text: str, buckets: Callable[[Tally], Buckets]) -> HistogramMetricFamily:
        family = HistogramMetricFamily(PREFIX + name, text, labels=("endpoint",))
        for label, tally in self._labels:
            found = buckets(tally)
            family.add_metric((label,), found.cumulative(), found.sum)
        return family

"""The last snapshot of the database, by endpoint: those that it chose, and the others together."""

from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from dispatcher.telemetry import observations as o
from dispatcher.telemetry.metrics.families import gauges
from dispatcher.telemetry.metrics.tally import OTHER
from dispatcher.telemetry.snapshot import EndpointStats


class EndpointGauges:
    """A collector: shows the endpoints of the last snapshot."""

    def __init__(self) -> None:
        self._endpoints: tuple[EndpointStats, ...] = ()

    def observe(self, observation: o.Observation) -> None:
        """Show a snapshot."""
        if isinstance(observation, o.StatsRefreshed):
            self._endpoints = observation.endpoints

    def collect(self) -> Iterator[Metric]:
        """The gauges of the last snapshot."""
        yield gauges(
            "endpoint_info",
            "Always 1. Whose an endpoint is, and where it is.",
            ("endpoint", "clinic", "host"),
            (
                ((label(each), each.clinic_id or "", each.host or ""), 1)
                for each in self._endpoints
                if each.endpoint_id is not None
            ),
        )
        yield self._counts(
            "endpoint_state",
            "1 for the state that an endpoint is in; for other, how many are in it.",
            lambda each: {"active": each.active, "paused": each.paused, "disabled": each.disabled},
        )
        yield self._counts(
            "endpoint_breaker",
            "1 for the state of an endpoint's circuit breaker; for other, how many are in it.",
            lambda each: {
                "closed": each.breaker_closed,
                "open": each.breaker_open,
                "half_open": each.breaker_half_open,
            },
        )
        yield gauges(
            "endpoint_deliveries",
            "Live deliveries by endpoint and state, in the database.",
            ("endpoint", "state"),
            (
                ((label(each), state), getattr(each, state))
                for each in self._endpoints
                for state in ("pending", "in_flight", "parked")
            ),
        )
        yield gauges(
            "endpoint_due_deliveries",
            "Those that could be sent now, by endpoint, in the database.",
            ("endpoint",),
            (((label(each),), each.due) for each in self._endpoints),
        )
        yield gauges(
            "endpoint_oldest_due_seconds",
            "How late the oldest of them is, by endpoint, in the database.",
            ("endpoint",),
            (((label(each),), each.oldest_due_seconds) for each in self._endpoints),
        )

    def _counts(self, name: str, text: str, counts: Callable[[EndpointStats], dict[str, int]]) -> GaugeMetricFamily:
        return gauges(
            name,
            text,
            ("endpoint", "state"),
            (
                ((label(each), state), count)
                for each in self._endpoints
                for state, count in counts(each).items()
                if count
            ),
        )


def label(each: EndpointStats) -> str:
    """The value of the endpoint label."""
    return OTHER if each.endpoint_id is None else str(each.endpoint_id)

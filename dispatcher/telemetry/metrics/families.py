"""How metrics are made: the prefix of their names, and the registry that they are in."""

from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

PREFIX = "outbound_webhooks_"


class Families:
    """Makes metrics in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        """A counter; its name ends in _total."""
        return Counter(PREFIX + name, text, labels, registry=self.registry)

    def gauge(self, name: str, text: str, *labels: str) -> Gauge:
        """A gauge."""
        return Gauge(PREFIX + name, text, labels, registry=self.registry)

    def histogram(self, name: str, text: str, buckets: Sequence[float]) -> Histogram:
        """A histogram with these upper bounds."""
        return Histogram(PREFIX + name, text, buckets=buckets, registry=self.registry)


# For collectors, which make their metrics anew for each scrape: (values of the labels, value) each.
Samples = Iterable[tuple[Sequence[str], float]]


def counters(name: str, text: str, labels: Sequence[str], samples: Samples) -> CounterMetricFamily:
    """A counter by labels, as it is now."""
    family = CounterMetricFamily(PREFIX + name, text, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family


def gauges(name: str, text: str, labels: Sequence[str], samples: Samples) -> GaugeMetricFamily:
    """A gauge by labels, as it is now."""
    family = GaugeMetricFamily(PREFIX + name, text, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family

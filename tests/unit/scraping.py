"""A process's metrics after some observations, and what a scrape finds in them."""

from dispatcher.telemetry import observations as o
from dispatcher.telemetry.metrics import PREFIX, Metrics
from tests.unit.examples import every_observation


def observed(metrics: Metrics, *observations: o.Observation) -> Metrics:
    """The metrics after these observations."""
    for observation in observations:
        metrics.observe(observation)
    return metrics


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """The value of one sample; None if there is no such sample."""
    return metrics.registry.get_sample_value(PREFIX + name, labels)


def samples(metrics: Metrics, name: str) -> dict[tuple[str, ...], float]:
    """The values of a metric by those of its labels; `name` as it is scraped."""
    return {
        tuple(sample.labels.values()): sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == PREFIX + name
    }


def full() -> Metrics:
    """The metrics of a process that has seen everything: each of them has a sample."""
    metrics = Metrics("1.2.3", 100)
    metrics.watch_pool("dispatcher", lambda: {"pool_size": 4, "pool_available": 3, "requests_waiting": 0})
    metrics.watch_slots(200, lambda: 12)
    return observed(metrics, *every_observation())

"""Observations as Prometheus metrics. `docs/metrics.md` is tested against this package.

What is counted for each endpoint, and what the database's snapshot says of each, has a label for so many endpoints at
most: the size of a scrape does not grow with the number of clinics.
"""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, disable_created_metrics

from dispatcher.telemetry import observations as o
from dispatcher.telemetry.metrics.database import DatabaseMetrics
from dispatcher.telemetry.metrics.endpoint_gauges import EndpointGauges
from dispatcher.telemetry.metrics.endpoints import EndpointMetrics
from dispatcher.telemetry.metrics.families import PREFIX, Families
from dispatcher.telemetry.metrics.maintenance import MaintenanceMetrics
from dispatcher.telemetry.metrics.path import PathMetrics
from dispatcher.telemetry.metrics.process import ProcessMetrics
from dispatcher.telemetry.metrics.usage import PoolStats, UsageMetrics

__all__ = ["PREFIX", "Metrics"]


class Metrics:
    """One process's metrics, in a registry of their own; so many `endpoints` have a label at most."""

    def __init__(self, version: str, endpoints: int) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
        self.registry = CollectorRegistry()
        make = Families(self.registry)
        by_endpoint, gauges = EndpointMetrics(endpoints), EndpointGauges()
        self._usage = UsageMetrics()
        self._parts: list[o.Observe] = [
            PathMetrics(make).observe,
            by_endpoint.observe,
            ProcessMetrics(make).observe,
            MaintenanceMetrics(make).observe,
            DatabaseMetrics(make).observe,
            gauges.observe,
        ]
        for collector in (by_endpoint, gauges, self._usage):
            self.registry.register(collector)
        make.gauge("build_info", "Always 1. Which version runs.", "version").labels(version).set(1)

    def observe(self, observation: o.Observation) -> None:
        """Count one observation."""
        for part in self._parts:
            part(observation)

    def watch_pool(self, name: str, stats: PoolStats) -> None:
        """Show the use of a pool of connections."""
        self._usage.watch_pool(name, stats)

    def watch_slots(self, slots: int, taken: Callable[[], int]) -> None:
        """Show how many of so many slots are taken."""
        self._usage.watch_slots(slots, taken)

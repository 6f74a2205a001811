"""The last snapshot of the database, as a whole: the same from every dispatcher, so max() and never sum()."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from dispatcher.telemetry import observations as o
from dispatcher.telemetry.metrics.families import Families, gauges
from dispatcher.telemetry.snapshot import XminAge


class DatabaseMetrics:
    """Gauges of one value; and a collector for those that are by source or by holder, which come and go."""

    def __init__(self, make: Families) -> None:
        self._at = make.gauge("snapshot_timestamp_seconds", "When the database was asked last, in Unix time.")
        self._took = make.gauge("snapshot_duration_seconds", "How long the database took to answer.")
        self._deliveries = make.gauge("deliveries", "Live deliveries by state, in the database.", "state")
        self._due = make.gauge("due_deliveries", "Those that could be sent now, in the database.")
        self._oldest_due = make.gauge("oldest_due_seconds", "How late the oldest of them is, in the database.")
        self._capture_errors = make.gauge("capture_errors_open", "Changes in the ledger that were not captured.")
        self._partitions = make.gauge(
            "partition_headroom_seconds", "For how long from the end of today on all partitions exist."
        )
        self._notify_queue = make.gauge("notify_queue_usage_ratio", "How full the server's notification queue is.")
        self._capture = make.gauge("capture_on", "1 while capture is on, for all sources.")
        self._delivering = make.gauge(
            "delivery_on", "1 while some dispatcher delivers, and delivery is not switched off."
        )
        self._armed = make.gauge("armed", "1 while the database is armed for the environment of this dispatcher.")
        self._stats: o.StatsRefreshed | None = None
        self._xmins_since: dict[str, tuple[XminAge, float]] = {}  # and when it was seen first
        make.registry.register(self)

    def observe(self, observation: o.Observation) -> None:
        """Show a snapshot."""
        if not isinstance(observation, o.StatsRefreshed):
            return
        stats = self._stats = observation
        self._at.set(stats.taken_at)
        self._took.set(stats.seconds)
        for state in ("pending", "in_flight", "parked"):
            self._deliveries.labels(state).set(getattr(stats, state))
        self._due.set(stats.due)
        self._oldest_due.set(stats.oldest_due_seconds)
        self._capture_errors.set(stats.open_capture_errors)
        self._partitions.set(stats.partition_days_ahead * 86400)
        self._notify_queue.set(stats.notify_queue_usage)
        self._capture.set(stats.capture)
        self._delivering.set(stats.delivering and stats.delivery)
        self._armed.set(stats.unarmed is None)
        for each in stats.xmins:
            known = self._xmins_since.get(each.holder)
            if known is None or known[0].xmin != each.xmin:
                self._xmins_since[each.holder] = each, stats.taken_at

    def _held(self, each: XminAge, stats: o.StatsRefreshed) -> float:
        """For how long an xmin has not moved; one of which nothing is younger holds nothing, as on an idle server."""
        return stats.taken_at - self._xmins_since[each.holder][1] if each.age > 0 else 0.0

    def collect(self) -> Iterator[Metric]:
        """By source and by holder, as the last snapshot has them."""
        stats = self._stats
        if stats is None:
            return
        yield gauges(
            "source_capture_on",
            "1 while changes of a watched table are captured: the switch for all, and its own.",
            ("source",),
            (((each.name,), each.capture) for each in stats.sources),
        )
        yield gauges(
            "source_triggers_missing",
            "Triggers of a watched table that are missing or disabled: its changes are not captured.",
            ("source",),
            (((each.name,), each.triggers_missing) for each in stats.sources),
        )
        yield gauges(
            "xmin_age_transactions",
            "How many transactions ago the oldest snapshot was taken that keeps dead rows, by what holds it.",
            ("holder",),
            (((each.holder,), each.age) for each in stats.xmins),
        )
        yield gauges(
            "xmin_held_seconds",
            "For how long this dispatcher has seen it unmoved.",
            ("holder",),
            (((each.holder,), self._held(each, stats)) for each in stats.xmins),
        )

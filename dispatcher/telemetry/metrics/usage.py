"""How much of what this process has is in use, read from its memory at each scrape."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import Metric

from dispatcher.telemetry.metrics.families import counters, gauges

PoolStats = Callable[[], Mapping[str, int]]  # as psycopg_pool's get_stats


class UsageMetrics:
    """A collector: pools of connections, and slots for requests in flight."""

    def __init__(self) -> None:
        self._pools: dict[str, PoolStats] = {}
        self._slots: tuple[int, Callable[[], int]] | None = None

    def watch_pool(self, name: str, stats: PoolStats) -> None:
        """Show a pool's use from now on."""
        self._pools[name] = stats

    def watch_slots(self, slots: int, taken: Callable[[], int]) -> None:
        """Show from now on how many of so many slots are taken."""
        self._slots = slots, taken

    def collect(self) -> Iterator[Metric]:
        """As it is at this moment."""
        if self._slots is not None:
            slots, taken = self._slots
            busy = taken()
            yield gauges(
                "slots",
                "Requests that this dispatcher may have in flight, by whether they are.",
                ("state",),
                [(("busy",), busy), (("free",), max(slots - busy, 0))],
            )
        if self._pools:
            yield from self._collect_pools()

    def _collect_pools(self) -> Iterator[Metric]:
        found = [((name,), stats()) for name, stats in self._pools.items()]
        yield gauges(
            "pool_connections",
            "Database connections of a pool, by whether they are in use.",
            ("pool", "state"),
            (
                ((*pool, state), count)
                for pool, stats in found
                for state, count in (
                    ("idle", stats["pool_available"]),
                    ("busy", stats["pool_size"] - stats["pool_available"]),
                )
            ),
        )
        yield gauges(
            "pool_waiting_requests",
            "Who waits for a connection of a pool at this moment.",
            ("pool",),
            ((pool, stats["requests_waiting"]) for pool, stats in found),
        )
        yield counters(
            "pool_requests_total",
            "How often a connection of a pool was asked for.",
            ("pool",),
            ((pool, stats.get("requests_num", 0)) for pool, stats in found),
        )
        yield counters(
            "pool_wait_seconds_total",
            "How long was waited for connections of a pool, in all.",
            ("pool",),
            ((pool, stats.get("requests_wait_ms", 0) / 1000) for pool, stats in found),
        )

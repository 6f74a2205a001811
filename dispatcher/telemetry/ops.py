"""/healthz, /readyz and /metrics, on a port of their own."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from dispatcher.telemetry import observations as o

STATS_MAX_AGE_SECONDS = 60.0


@dataclass
class Readiness:
    """What /readyz answers, kept up to date by observations. A check is ok, warning (works, look at it) or failing."""

    delivering: bool
    _stats: o.StatsRefreshed | None = None
    _stats_at: float = field(default=float("-inf"))
    _listen: o.ListenChanged = field(default_factory=lambda: o.ListenChanged(False, "starting"))
    _overdue: int = 0
    _hindrance: str = "see the log"

    def observe(self, observation: o.Observation) -> None:
        """Remember what the checks need."""
        if isinstance(observation, o.StatsRefreshed):
            self._stats, self._stats_at = observation, time.monotonic()
        elif isinstance(observation, o.ListenChanged):
            self._listen = observation
        elif isinstance(observation, o.LeadershipChanged):
            self._overdue = 0  # the next leader's to say
        elif isinstance(observation, o.RetentionFinished):
            self._overdue = observation.left
        elif isinstance(observation, o.PartitionKept):
            self._hindrance = f"{observation.name}: {observation.reason}"
        elif isinstance(observation, o.MaintenanceHindered) and observation.task == "retention":
            self._hindrance = observation.reason

    def checks(self) -> dict[str, tuple[str, str]]:
        """Each check as (ok | warning | failing, what is so)."""
        age = time.monotonic() - self._stats_at
        if self._stats is None or age > STATS_MAX_AGE_SECONDS:
            return {"database": ("failing", "no answer from the database for a minute, or not yet")}
        stats = self._stats
        return {
            "database": ("ok", f"answered {age:.0f} s ago"),
            "functions": ("ok", "the loaded functions keep what this program needs")
            if stats.functions_match
            else ("failing", "the loaded functions are not for this program: another release was installed"),
            "partitions": _partitions_check(stats.partition_days_ahead),
            "retention": ("ok", "nothing is overdue")
            if not self._overdue
            else ("warning", f"{self._overdue} partitions could not be dropped: {self._hindrance}"),
            "capture_ledger": ("ok", "empty")
            if not stats.open_capture_errors
            else ("warning", f"{stats.open_capture_errors} changes were not captured: see capture_errors"),
            "capture": ("ok", "on") if stats.capture else ("ok", "off: outbound-webhooks capture on"),
            "listen": self._listen_check(),
            "armed": self._armed_check(stats.unarmed),
            "delivery": self._delivery_check(stats),
        }

    def _armed_check(self, unarmed: str | None) -> tuple[str, str]:
        if unarmed is None:
            return "ok", "this database is armed for this environment"
        return ("failing" if self.delivering else "ok"), f"{unarmed}; outbound-webhooks arm"

    def _delivery_check(self, stats: o.StatsRefreshed) -> tuple[str, str]:
        waiting = f"waiting: {stats.pending}"
        if not self.delivering:
            return "ok", f"off: OUTBOUND_WEBHOOKS_ENABLED is not true; {waiting}"
        if not stats.delivery:
            return "warning", f"switched off for all: outbound-webhooks delivery on; {waiting}"
        return "ok", f"on; {waiting}"

    def _listen_check(self) -> tuple[str, str]:
        if not self.delivering:
            return "ok", "not needed while delivery is off"
        if self._listen.listening:
            return "ok", "listening"
        return ("warning" if self._listen.wanted else "ok"), f"polling: {self._listen.reason}"


def _partitions_check(days: int) -> tuple[str, str]:
    if days < 0:
        return "failing", "today has no partition: captures go to the ledger"
    return ("ok" if days >= o.PARTITIONS_WARN_BELOW_DAYS else "warning"), f"{days} days ahead"


@dataclass(frozen=True)
class _Alone:
    """One family of metrics, as a collector."""

    family: Metric

    def collect(self) -> Iterable[Metric]:
        return (self.family,)


async def render(registry: CollectorRegistry) -> bytes:
    """All metrics in Prometheus' text format; between two families everything else gets its turn."""
    parts = []
    for family in registry.collect():
        parts.append(generate_latest(_Alone(family)))
        await asyncio.sleep(0)
    return b"".join(parts)


@asynccontextmanager
async def serve_ops(
    host: str, port: int, registry: CollectorRegistry, checks: Callable[[], dict[str, tuple[str, str]]]
) -> AsyncIterator[int]:
    """Serve until left; yields the port.

    Raises:
        OSError: the address cannot be bound.
    """

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_: web.Request) -> web.Response:
        found = checks()
        ready = all(state != "failing" for state, _ in found.values())
        return web.json_response(
            {
                "status": "ready" if ready else "not ready",
                "checks": {name: {"status": state, "detail": detail} for name, (state, detail) in found.items()},
            },
            status=200 if ready else 503,
        )

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=await render(registry), headers={"content-type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()

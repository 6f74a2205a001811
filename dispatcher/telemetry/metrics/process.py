"""How this dispatcher works: its claims and flushes, its wake-ups, its event loop."""

from dispatcher.telemetry import observations as o
from dispatcher.telemetry.metrics.families import Families


class ProcessMetrics:
    """What one process does and how it fares."""

    def __init__(self, make: Families) -> None:
        self._delivering = make.gauge("delivering", "1 while this dispatcher claims and sends.")
        self._define_batches(make)
        self._woken = make.counter("woken_total", "By what work was found: doorbell, or the sweep of a sleeper.", "by")
        for by in ("doorbell", "sweep"):
            self._woken.labels(by)
        self._trouble = make.counter("database_trouble_total", "Failed database operations, by task.", "task")
        self._listening = make.gauge("listening", "1 while LISTEN works; without it the dispatcher polls.")
        self._listening_wanted = make.gauge("listening_wanted", "1 if this dispatcher has to LISTEN.")
        self._lag = make.histogram(
            "loop_lag_seconds",
            "How late a timer of the event loop was: what it does at a time keeps everything else waiting so long.",
            (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
        )

    def _define_batches(self, make: Families) -> None:
        self._claims = make.counter("claims_total", "Rounds of claiming.")
        self._claimed = make.counter("claimed_deliveries_total", "Deliveries claimed.")
        self._claim_seconds = make.histogram(
            "claim_duration_seconds", "One round of claiming.", (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1)
        )
        self._flushed = make.histogram("flush_results", "Results written in one batch.", (1, 5, 10, 25, 50, 100, 200))
        self._flush_seconds = make.histogram(
            "flush_duration_seconds",
            "Writing one batch of results.",
            (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1),
        )
        self._freed = make.counter(
            "leases_freed_total", "Leases that had run out or whose dispatcher died: requests that are made again."
        )
        self._stale = make.counter("stale_results_total", "Results whose lease had been taken over.")
        self._unrecordable = make.counter(
            "unrecordable_results_total", "Results that the database refused: their attempts stand as lost."
        )

    def observe(self, observation: o.Observation) -> None:
        """Count what is one of these."""
        match observation:
            case o.Claimed(deliveries, _, seconds):
                self._claims.inc()
                self._claimed.inc(deliveries)
                self._claim_seconds.observe(seconds)
            case o.ResultsFlushed(results, stale, seconds):
                self._flushed.observe(results)
                self._flush_seconds.observe(seconds)
                self._stale.inc(stale)
            case o.ResultUnrecordable():
                self._unrecordable.inc()
            case o.LeasesFreed(count):
                self._freed.inc(count)
            case o.LoopLagged(seconds):
                self._lag.observe(seconds)
            case o.Woken(by):
                self._woken.labels(by).inc()
            case o.DatabaseTrouble(task, _):
                self._trouble.labels(task).inc()
            case o.ListenChanged(listening, _, wanted):
                self._listening.set(listening)
                self._listening_wanted.set(wanted)
            case o.DispatcherStarted(_, _, delivering):
                self._delivering.set(delivering)
            case o.DispatcherStopping():
                self._delivering.set(0)
                self._listening_wanted.set(0)
            case _:
                pass

"""What capture costs the host: `make bench-capture`, or `python -m benchmarks.capture [--short] [--pg 15]`.

Writes progress to standard error and the report to standard output. It never fails on a speed, only on a run in which
the rows were not captured, or the doorbell did not ring, as the variant has it: such a run measures something else.
"""

import argparse
import random
import time
from contextlib import nullcontext

from benchmarks import loops, pgbench, promises, report, server
from benchmarks.report import Place
from benchmarks.server import Bench, say
from benchmarks.sleeper import somebody_sleeps
from benchmarks.variants import ENDPOINTS, NO_TRIGGER, NOTIFYING, OPERATIONS

REPETITIONS = 7
LOOP_REPETITIONS = 15
ATTEMPTS = 5  # of a run, on a machine that stands still while pgbench connects
# Of what is captured: who waits for another one to extend a table, when the machine stands still.
MOST_LOCKED_OUT = 0.01


class WrongRun(Exception):
    """A run did not do what its variant stands for."""


class Progress:
    """Says which run of pgbench is done, and how long the others will still take."""

    def __init__(self, runs: int) -> None:
        self._runs = runs
        self._done = 0
        self._started = time.monotonic()

    def ran(self, what: str) -> None:
        """One more is done."""
        self._done += 1
        left = (time.monotonic() - self._started) / self._done * (self._runs - self._done)
        say(f"run {self._done} of {self._runs}, {left / 60:.1f} min left: {what}")


def places(short: bool) -> list[Place]:
    """Where the variants are compared."""
    return [
        Place(operation, synchronous_commit, clients)
        for operation in OPERATIONS
        for synchronous_commit in ("on", "off")
        for clients in operation.clients
        if not short or (synchronous_commit, clients) in (("off", 1), ("on", 32))
    ]


def compare(bench: Bench, chosen: list[Place], repetitions: int) -> report.Rates:
    """Run every place so many times, and at each the variants one after the other, in an order that changes."""
    rates: dict[Place, dict[str, list[float]]] = {
        place: {variant: [] for variant in place.operation.variants} for place in chosen
    }
    progress = Progress(repetitions * sum(len(place.operation.variants) for place in chosen))
    for _ in range(repetitions):
        for place in random.sample(chosen, len(chosen)):
            for variant in random.sample(place.operation.variants, len(place.operation.variants)):
                rate = measure(bench, place, variant)
                rates[place][variant].append(rate)
                progress.ran(f"{place}, {variant}: {rate:,.0f} a second")
    return rates


def measure(bench: Bench, place: Place, variant: str, attempts: int = ATTEMPTS) -> float:
    """Statements a second of one run; one in which nothing could be measured is done again."""
    try:
        return measure_once(bench, place, variant)
    except pgbench.NothingMeasured:
        if attempts == 1:
            raise
    say(f"{place}, {variant}: pgbench took its time to connect, so once more")
    return measure(bench, place, variant, attempts - 1)


def measure_once(bench: Bench, place: Place, variant: str) -> float:
    """Statements a second of one run, from empty tables, once it is certain that it did what it stands for."""
    bench.reset()
    with somebody_sleeps(bench.url) if variant == NOTIFYING else nullcontext() as sleeper:
        run = pgbench.run(bench, place.operation, variant, place.clients, place.synchronous_commit)
        locked_out = bench.locked_out()
        if sleeper is not None:
            sleeper.wait_until_heard(run.statements - locked_out)
    made = 0 if variant == NO_TRIGGER else run.statements * place.operation.events
    events = made - locked_out
    found, expected = bench.captured(), (events, events * ENDPOINTS)
    if found != expected or locked_out > made * MOST_LOCKED_OUT:
        raise WrongRun(f"{place}, {variant}: {found} events and deliveries instead of {expected}; {locked_out} in vain")
    return run.rate


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capture", description="What capture costs the host.")
    parser.add_argument("--short", action="store_true", help="once, and a third of the places: to see that it works")
    parser.add_argument("--pg", type=int, default=18, help="major version of PostgreSQL (default 18)")
    arguments = parser.parse_args()
    with server.start(arguments.pg) as bench:
        measured = loops.measure(bench, 2 if arguments.short else LOOP_REPETITIONS, say)
        lacking = promises.measure(bench, 2 if arguments.short else LOOP_REPETITIONS, say)
        rates = compare(bench, places(arguments.short), 1 if arguments.short else REPETITIONS)
        print(report.render(bench, rates, measured, lacking))


if __name__ == "__main__":
    main()

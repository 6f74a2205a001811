"""What the trouble of three endpoints costs the others: `make bench-isolation`, or `python -m benchmarks.isolation`.

Options: [--short] [--pg 15]. Writes progress to standard error and the report to standard output. It never fails on a
speed, only on a run in which somebody did not do what they stand for.
"""

import argparse
import random
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import psycopg

from benchmarks import isolation_report, isolation_runs, server
from benchmarks.isolation_processes import Receivers, processor_seconds, run_dispatcher, run_receivers
from benchmarks.isolation_receiver import HANGING
from benchmarks.isolation_report import Outcomes, Place
from benchmarks.isolation_runs import (
    BACKLOG,
    FULL,
    LEAST_HANGING,
    PATHS,
    SHORT,
    STEADY,
    TROUBLED,
    Lengths,
    Outcome,
    variants,
)
from benchmarks.server import conditions, say
from dispatcher.demo import embedded

REPETITIONS = 5
ANSWERS = (0.1, 0.0)  # seconds a healthy receiver takes; with 0 a backlog shows what our own cycle costs

# Autovacuum and checkpoints as installed: they are part of what a dispatcher lives with.
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "8GB", "autovacuum": "on"}


def compare(
    postgres: embedded.Server, receivers: Receivers, places: list[Place], lengths: Lengths, repetitions: int
) -> Outcomes:
    """Run every place so many times, its variants directly one after the other, in an order that changes."""
    outcomes: dict[Place, dict[str, list[Outcome]]] = {
        place: {variant: [] for variant in variants(place.load)} for place in places
    }
    for repetition in range(1, repetitions + 1):
        for place in random.sample(places, len(places)):
            for variant in random.sample(variants(place.load), len(variants(place.load))):
                outcome = run(postgres, receivers, place, variant, lengths)
                outcomes[place][variant].append(outcome)
                say(f"repetition {repetition} of {repetitions}: {place}, {variant}: {outcome}")
    return outcomes


def run(postgres: embedded.Server, receivers: Receivers, place: Place, variant: str, lengths: Lengths) -> Outcome:
    """One run, from a fresh copy of the variant's database."""
    url = server.copied(postgres, "run", template=variant)
    server.arm(url)
    receivers.answer_after(place.answer_seconds)
    receivers.take()
    if place.load == BACKLOG:
        isolation_runs.fill_backlog(url, variant, lengths.backlog_each)
    log = receivers.ca_file.parent / "dispatcher.log"
    with run_dispatcher(url, receivers.ca_file, log) as dispatcher:
        used, began = processor_seconds(dispatcher), time.monotonic()
        if place.load == STEADY:
            committed = isolation_runs.offer(url, variant, lengths.steady_seconds)
            time.sleep(isolation_runs.AFTERWARDS_SECONDS)
        else:
            receivers.wait_for(isolation_runs.WARM_UP_SECONDS + lengths.backlog_seconds)
        if variant == TROUBLED:  # on a machine that stood still they are late
            receivers.wait_until(LEAST_HANGING, HANGING)
        share = (processor_seconds(dispatcher) - used) / (time.monotonic() - began)
    arrived = receivers.take()
    if place.load == STEADY:
        outcome = isolation_runs.steady(arrived, committed, variant, lengths.steady_seconds)
    else:
        outcome = isolation_runs.backlog(arrived, variant, lengths)
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("drop database run with (force)")
    return replace(outcome, processor=share)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.isolation", description="What trouble costs others.")
    parser.add_argument("--short", action="store_true", help="once, briefly: to see that it works")
    parser.add_argument("--pg", type=int, default=18, help="major version of PostgreSQL (default 18)")
    arguments = parser.parse_args()
    lengths = SHORT if arguments.short else FULL
    answers = ANSWERS[:1] if arguments.short else ANSWERS
    places = [Place(load, answer) for answer in answers for load in (STEADY, BACKLOG)]
    with (
        tempfile.TemporaryDirectory() as folder,
        server.installed(arguments.pg, SETTINGS) as postgres,
        run_receivers(Path(folder)) as receivers,
    ):
        for variant in PATHS:
            say(f"filling the database {variant}")
            isolation_runs.prepare(server.copied(postgres, variant), variant, receivers.port, lengths)
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            lines = conditions(connection, SETTINGS)
        outcomes = compare(postgres, receivers, places, lengths, 1 if arguments.short else REPETITIONS)
        print(isolation_report.render(lines, outcomes, lengths))


if __name__ == "__main__":
    main()

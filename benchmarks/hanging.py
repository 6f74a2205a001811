"""What a thousand endpoints that hang cost seven healthy ones: `make bench-hanging`, or `python -m benchmarks.hanging`.

Options: [--short] [--pg 15] [--repetitions 1]. Writes progress to standard error and the report to standard output.
Like the isolation benchmark, whose processes and load it uses, it never fails on a speed, only on a run that was none.
"""

import argparse
import random
import tempfile
import time
from pathlib import Path

import psycopg

from benchmarks import claim_fill as fill
from benchmarks import hanging_report, server
from benchmarks.hanging_runs import (
    ALONE,
    FULL,
    LEAST_HANGING,
    SHORT,
    VARIANTS,
    Lengths,
    Outcome,
    Watch,
    outcome,
    prepare,
)
from benchmarks.isolation import SETTINGS
from benchmarks.isolation_processes import Receivers, run_dispatcher, run_receivers
from benchmarks.isolation_receiver import HANGING
from benchmarks.isolation_runs import AFTERWARDS_SECONDS, offer
from benchmarks.server import conditions, say
from dispatcher.demo import embedded

ANSWER_SECONDS = 0.1  # of a healthy receiver


def compare(
    postgres: embedded.Server, receivers: Receivers, lengths: Lengths, repetitions: int
) -> dict[str, list[Outcome]]:
    """Run the variants so many times, directly one after the other, in an order that changes."""
    outcomes: dict[str, list[Outcome]] = {variant: [] for variant in VARIANTS}
    for repetition in range(1, repetitions + 1):
        for variant in random.sample(VARIANTS, len(VARIANTS)):
            found = run(postgres, receivers, variant, lengths)
            outcomes[variant].append(found)
            say(f"repetition {repetition} of {repetitions}: {variant}: {found}")
    return outcomes


def run(postgres: embedded.Server, receivers: Receivers, variant: str, lengths: Lengths) -> Outcome:
    """One run, from a fresh copy of the variant's database: the healthy ones first, then what hangs becomes due."""
    url = server.copied(postgres, "run", template=variant)
    server.arm(url)
    receivers.answer_after(ANSWER_SECONDS)
    receivers.take()
    log = receivers.ca_file.parent / "dispatcher.log"
    with run_dispatcher(url, receivers.ca_file, log) as dispatcher, Watch(dispatcher.pid) as watch:
        offer(url, ALONE, 0)
        if variant != ALONE:
            with psycopg.connect(url, autocommit=True) as connection:
                fill.release(connection)
        committed = offer(url, ALONE, lengths.seconds)
        time.sleep(AFTERWARDS_SECONDS)
        if variant != ALONE:
            receivers.wait_until(LEAST_HANGING, HANGING)
        seen = watch.take()
    found = outcome(receivers.take(), committed, variant, lengths, seen)
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("drop database run with (force)")
    return found


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hanging", description="What endpoints that hang cost.")
    parser.add_argument("--short", action="store_true", help="once, briefly: to see that it works")
    parser.add_argument("--pg", type=int, default=18, help="major version of PostgreSQL (default 18)")
    parser.add_argument("--repetitions", type=int, default=3, help="of each variant (default 3; 1 with --short)")
    arguments = parser.parse_args()
    lengths = SHORT if arguments.short else FULL
    with (
        tempfile.TemporaryDirectory() as folder,
        server.installed(arguments.pg, SETTINGS) as postgres,
        run_receivers(Path(folder)) as receivers,
    ):
        for variant in VARIANTS:
            say(f"filling the database {variant}")
            prepare(server.copied(postgres, variant), variant, receivers.port, lengths)
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            lines = conditions(connection, SETTINGS)
        outcomes = compare(postgres, receivers, lengths, 1 if arguments.short else arguments.repetitions)
        print(hanging_report.render(lines, outcomes, lengths))


if __name__ == "__main__":
    main()

"""What a replay costs new payments: `make bench-replay`, or `python -m benchmarks.replay`.

Options: [--short] [--pg 15] [--repetitions 1]. Writes progress to standard error and the report to standard output.
It never fails on a speed, only on a run in which something did not arrive, or arrived twice.
"""

import argparse
import random
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import psycopg

from benchmarks import replay_report, replay_runs, server
from benchmarks.isolation_processes import Receivers, processor_seconds, run_dispatcher, run_receivers
from benchmarks.replay_runs import FULL, SHORT, VARIANTS, Lengths, Outcome
from benchmarks.server import conditions, say
from dispatcher.demo import embedded

# Autovacuum and checkpoints as installed: they are part of what a dispatcher lives with.
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "8GB", "autovacuum": "on"}
TEMPLATE = "dead"


def compare(postgres: embedded.Server, receivers: Receivers, lengths: Lengths) -> dict[str, list[Outcome]]:
    """Run the variants so many times, directly one after the other, in an order that changes."""
    outcomes: dict[str, list[Outcome]] = {variant: [] for variant in VARIANTS}
    for repetition in range(1, lengths.repetitions + 1):
        for variant in random.sample(VARIANTS, len(VARIANTS)):
            outcome = run(postgres, receivers, variant, lengths)
            outcomes[variant].append(outcome)
            say(f"repetition {repetition} of {lengths.repetitions}: {variant}: {outcome}")
    return outcomes


def run(postgres: embedded.Server, receivers: Receivers, variant: str, lengths: Lengths) -> Outcome:
    """One run, from a fresh copy of the database."""
    url = server.copied(postgres, "run", template=TEMPLATE)
    server.arm(url)  # a copy, which keeps silent
    receivers.take()
    log = receivers.ca_file.parent / "dispatcher.log"
    with run_dispatcher(url, receivers.ca_file, log) as dispatcher:
        used, began = processor_seconds(dispatcher), time.monotonic()
        offered = replay_runs.offer(url, variant, lengths)
        replay_runs.wait_until_sent(url, lengths)
        share = (processor_seconds(dispatcher) - used) / (time.monotonic() - began)
    outcome = replay_runs.outcome(receivers.take(), offered)
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("drop database run with (force)")
    return replace(outcome, processor=share)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay", description="What a replay costs payments.")
    parser.add_argument("--short", action="store_true", help="once, briefly: to see that it works")
    parser.add_argument("--pg", type=int, default=18, help="major version of PostgreSQL (default 18)")
    parser.add_argument("--repetitions", type=int, default=3, help="of each variant (default 3; 1 with --short)")
    arguments = parser.parse_args()
    lengths = SHORT if arguments.short else replace(FULL, repetitions=arguments.repetitions)
    with (
        tempfile.TemporaryDirectory() as folder,
        server.installed(arguments.pg, SETTINGS) as postgres,
        run_receivers(Path(folder)) as receivers,
    ):
        say(f"filling the database with {lengths.dead:,} dead deliveries")
        replay_runs.prepare(server.copied(postgres, TEMPLATE), receivers.port, lengths)
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            lines = conditions(connection, SETTINGS)
        print(replay_report.render(lines, compare(postgres, receivers, lengths), lengths))


if __name__ == "__main__":
    main()

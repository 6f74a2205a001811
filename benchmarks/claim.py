"""What a claim costs: `make bench-claim`, or `python -m benchmarks.claim [--short] [--pg 15] [--plans FILE]`.

Writes progress to standard error and the report to standard output. It never fails on a speed, only on a claim that did
not get its 200 rows.
"""

import argparse
import random
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg

from benchmarks import claim_fill, claim_report, server
from benchmarks.claim_plans import plans, touched
from benchmarks.claim_report import CHANGED, CLEAN, Measured
from benchmarks.claim_session import Session, open_session
from benchmarks.claim_states import FULL, SHORT, STATES, Case, Sizes, State, cases
from benchmarks.server import conditions, say
from dispatcher.demo import embedded
from dispatcher.pipeline.claim import LATE_COMMITS

REPETITIONS = 31
WARM_UP = 2  # samples: after them the session has its catalogs, and the function has settled on a plan

SETTINGS = {**server.SETTINGS, "shared_buffers": "2GB", "max_locks_per_transaction": "256"}


def fill(postgres: embedded.Server, state: State, sizes: Sizes, stack: ExitStack) -> Session:
    """Make a state in a database of its own, and a session on it."""
    say(f"filling the database {state.name}")
    url = server.copied(postgres, f"{state.name}_rows")
    server.arm(url)
    if state.pinned:
        pin = stack.enter_context(closing(psycopg.connect(url)))
        pin.execute("set transaction isolation level repeatable read")
        pin.execute("select from outbound_webhooks.deliveries limit 1")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        state.fill(connection, sizes)
        claim_fill.settle(connection)
    session = open_session(url, state)
    stack.callback(session.connection.close)
    return session


def measure(chosen: Sequence[Case], sessions: dict[str, Session], repetitions: int) -> Measured:
    """Every case so many times, clean and changed directly one after the other, in an order that changes."""
    sides = {case: {CLEAN: (case.clean, "rotation"), CHANGED: (case.changed, case.watermark)} for case in chosen}
    times: dict[Case, dict[str, list[float]]] = {case: {CLEAN: [], CHANGED: []} for case in chosen}
    for repetition in range(-WARM_UP, repetitions):
        for case in random.sample(chosen, len(chosen)):
            for side in random.sample((CLEAN, CHANGED), 2):
                state, watermark = sides[case][side]
                took = sessions[state.name].sample(watermark)
                if repetition >= 0:
                    times[case][side].append(took)
        say(f"repetition {repetition + 1} of {repetitions}" if repetition >= 0 else "warm-up")
    found = {
        case: {side: touched(sessions[state.name], watermark) for side, (state, watermark) in sides[case].items()}
        for case in chosen
    }
    (first_claims,) = (session.first_claims for session in sessions.values() if session.state.settled)
    return Measured(times, found, first_claims)


def write_plans(file: Path, chosen: Sequence[Case], sessions: dict[str, Session]) -> None:
    """Save the plan of each state and watermark, once."""
    wanted = dict.fromkeys(
        place for case in chosen for place in ((case.clean.name, "rotation"), (case.changed.name, case.watermark))
    )
    file.write_text("\n".join(plans(sessions[name], watermark) for name, watermark in wanted))


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.claim", description="What a claim costs.")
    parser.add_argument("--short", action="store_true", help="less of everything: to see that it works")
    parser.add_argument("--pg", type=int, default=18, help="major version of PostgreSQL (default 18)")
    parser.add_argument("--plans", type=Path, help="a file for the plans of the statement in claim_deliveries")
    arguments = parser.parse_args()
    sizes = SHORT if arguments.short else FULL
    with server.installed(arguments.pg, SETTINGS) as postgres, ExitStack() as stack:
        sessions = {state.name: fill(postgres, state, sizes, stack) for state in STATES}
        chosen = cases(sizes)
        time.sleep(LATE_COMMITS.total_seconds())  # watermarks are at least as old
        for session in sessions.values():
            session.rotate()
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            connection.execute("checkpoint")  # or it strikes in the middle
            lines = conditions(connection, SETTINGS)
        measured = measure(chosen, sessions, 5 if arguments.short else REPETITIONS)
        if arguments.plans is not None:
            write_plans(arguments.plans, chosen, sessions)
        print(claim_report.render(lines, measured))


if __name__ == "__main__":
    main()

"""recapture: turn changes in the ledger into the events that were due."""

import argparse
import sys
from typing import LiteralString

from dispatcher.commands.parsing import Parsers, add_parser
from dispatcher.commands.session import Connection, UsageError, connected, transaction

PAGE = 200  # changes in one transaction: what was recaptured stays so, whatever happens to the rest

OPEN: LiteralString = """
    select count(*)
    from outbound_webhooks.capture_errors as c
    where c.recaptured_at is null
        and (%(id)s::bigint is null or c.id = %(id)s)
        and (%(since)s::timestamptz is null or c.occurred_at >= %(since)s)
        and (%(until)s::timestamptz is null or c.occurred_at < %(until)s)
"""
RECAPTURE: LiteralString = (
    "select id, cardinality(event_ids), problem"
    " from outbound_webhooks.recapture(%(id)s, %(since)s, %(until)s, %(after)s, %(page)s)"
)


def add_parsers(parsers: Parsers) -> None:
    """Add the command."""
    added = add_parser(
        parsers,
        "recapture",
        recapture,
        "Turn changes in the ledger (capture_errors) into the events that were due; exit code 1 if some are left.",
    )
    added.add_argument("id", nargs="?", type=int, help="one change, by its id in capture_errors")
    added.add_argument("--all", action="store_true", help="all open changes, oldest first")
    added.add_argument("--since", metavar="TIME", help="those from this time on, UTC unless it says otherwise")
    added.add_argument("--until", metavar="TIME", help="those before this time")


def recapture(arguments: argparse.Namespace) -> int:
    """Recapture one change, all, or those of a time; exit code 1 if some are left."""
    timed = arguments.since is not None or arguments.until is not None
    if [arguments.id is not None, arguments.all, timed].count(True) != 1:
        raise UsageError("say which changes: an ID, --all, or --since TIME and --until TIME (one of them is enough)")
    chosen = {"id": arguments.id, "since": arguments.since, "until": arguments.until}
    with connected() as connection:
        connection.execute("set timezone = 'UTC'")
        open_before = _count(connection, chosen)
        if open_before == 0:
            print(_nothing_to_do(connection, arguments.id))
            return 0
        done, events, failed = _recapture(connection, chosen, open_before)
        left = _count(connection, chosen)
    print(f"recaptured {done} of {open_before} changes, into {events} events")
    if busy := left - failed:
        print(f"{busy} are being recaptured by another session, or were added meanwhile")
    if left:
        print(f"{left} are left: mend what their problems say (outbound-webhooks doctor helps), and recapture again")
    return 1 if left else 0


def _recapture(connection: Connection, chosen: dict[str, object], total: int) -> tuple[int, int, int]:
    """Page by page, in order. Returns how many changes were recaptured, into how many events, and how many failed."""
    done = events = failed = after = 0
    while True:
        with transaction(connection):
            rows = connection.execute(RECAPTURE, {**chosen, "after": after, "page": PAGE}).fetchall()
        if not rows:
            return done, events, failed
        for change, made, problem in rows:
            if problem is None:
                done, events = done + 1, events + made
            else:
                failed += 1
                print(f"change {change} is left: {problem}")
        after = rows[-1][0]
        print(f"outbound-webhooks: {done + failed} of {total} changes", file=sys.stderr, flush=True)


def _count(connection: Connection, chosen: dict[str, object]) -> int:
    row = connection.execute(OPEN, chosen).fetchone()
    assert row is not None
    return int(row[0])


def _nothing_to_do(connection: Connection, change: int | None) -> str:
    if change is None:
        return "there is nothing to recapture"
    row = connection.execute(
        "select recaptured_at, cardinality(recaptured_as) from outbound_webhooks.capture_errors where id = %s",
        (change,),
    ).fetchone()
    if row is None:
        raise UsageError(
            f"there is no change {change} in the ledger: look for its id in outbound_webhooks.capture_errors"
        )
    return f"change {change} was recaptured already, {row[0]:%Y-%m-%d %H:%M:%S %Z}, into {row[1]} events"

"""reconcile: what is missing between a watched table, its events and their deliveries."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from dispatcher.commands.parsing import Parsers, add_parser
from dispatcher.commands.session import Connection, connected, transaction

PAGE = 1000  # rows, or events, in one statement
MENDED_PAGE = 200  # the same, where one transaction may have to make an event for each
PROGRESS = 100_000  # rows, or events
# Where a page begins: behind a key of the table, or the id of an event.
KEYS: tuple[tuple[LiteralString, LiteralString], ...] = (("rows", "text"), ("events", "uuid"))

RECONCILE_EXAMPLES = """\
examples:
  outbound-webhooks reconcile payment_transactions
  outbound-webhooks reconcile payment_transactions --since '2026-01-31 12:00' --until '2026-01-31 13:00'
  outbound-webhooks reconcile payment_transactions --recapture

docs/reconcile.md says what can be known, and what cannot.
"""

# {what} and {key} are those of KEYS.
PAGE_OF: LiteralString = """
    select kind, code, words, clinic_id, resource_id, event_type, event_id, endpoint_id, since, until, number,
        event_ids, problem
    from outbound_webhooks.reconcile_{what}(
        %(source)s, %(since)s, %(until)s, %(after)s::{key}, %(page)s, %(margin)s, %(recapture)s
    )
"""


@dataclass(frozen=True)
class Found:
    """A row of reconcile_rows() or reconcile_events()."""

    kind: str
    code: str
    words: str | None
    clinic_id: str | None
    resource_id: str | None
    event_type: str | None
    event_id: UUID | None
    endpoint_id: int | None
    since: datetime | None
    until: datetime | None
    number: int
    event_ids: list[UUID] | None
    problem: str | None


@dataclass
class Told:
    """What was found so far."""

    kinds: Counter[str] = field(default_factory=Counter)
    looked: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    mended: int = 0

    @property
    def left(self) -> int:
        """Gaps that are there still."""
        return self.kinds["gap"] - self.mended


def add_parsers(parsers: Parsers) -> None:
    """Add the command."""
    added = add_parser(
        parsers,
        "reconcile",
        reconcile,
        "Say which events of a watched table, and which deliveries of them, are missing; exit code 1 if some are.",
        RECONCILE_EXAMPLES,
    )
    added.add_argument("source", help="the event source")
    added.add_argument(
        "--since",
        metavar="TIME",
        help="what was written from this time on, or may have been; UTC unless it says otherwise",
    )
    added.add_argument("--until", metavar="TIME", help="what was written before this time, or may have been")
    added.add_argument(
        "--margin",
        metavar="INTERVAL",
        default="10 seconds",
        help="how long a transaction that writes the table takes, at most (default: %(default)s)",
    )
    added.add_argument("--recapture", action="store_true", help="make what is missing; exit code 1 if some is left")


def reconcile(arguments: argparse.Namespace) -> int:
    """Print what is missing, page by page, or make it; exit code 1 if something is missing still."""
    chosen = {name: getattr(arguments, name) for name in ("source", "since", "until", "margin", "recapture")}
    told = Told()
    with connected() as connection:
        connection.execute("set timezone = 'UTC'")
        # In any other one, two that mend at once would not see what the other has made.
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        for found in _pages(connection, chosen):
            _tell(told, found)
    _sum_up(told, arguments)
    return 1 if told.left else 0


def _pages(connection: Connection, chosen: dict[str, object]) -> Iterator[Found]:
    """All rows, then all events, a page in one transaction."""
    size = MENDED_PAGE if chosen["recapture"] else PAGE
    for what, key in KEYS:
        statement = PAGE_OF.format(what=what, key=key)
        after: object = None
        looked = 0
        while True:
            with transaction(connection) if chosen["recapture"] else nullcontext():
                cursor = connection.cursor(row_factory=class_row(Found))
                page = cursor.execute(statement, {**chosen, "after": after, "page": size}).fetchall()
            yield from page
            last = next((found for found in page if found.kind == "looked"), None)
            if last is None or last.number < size:
                break
            after = last.resource_id if what == "rows" else last.event_id
            before, looked = looked, looked + last.number
            if before // PROGRESS < looked // PROGRESS:
                print(f"outbound-webhooks: looked at {looked} {what}", file=sys.stderr, flush=True)


def _tell(told: Told, found: Found) -> None:
    """Count what was found, and print what has a key."""
    if found.kind == "looked":
        told.looked[found.code] += found.number
        return
    if found.kind == "unknown":
        told.unknown[f"{found.words} [{found.code}]"] += found.number
        return
    told.kinds[found.kind] += 1
    print(f"{found.kind}: {_subject(found)}: {found.words}{_time(found)} [{found.code}]")
    if found.problem is not None:
        print(f"    left: {found.problem}")
    elif found.event_ids is not None:
        told.mended += 1
        print(f"    {_made(found)}", flush=True)


def _subject(found: Found) -> str:
    if found.code == "delivery_without_event":
        return f"event {found.event_id} of clinic {found.clinic_id}, endpoint {found.endpoint_id}"
    row = f"row {found.resource_id} of clinic {found.clinic_id}, {found.event_type}"
    return row if found.event_id is None else f"{row}, event {found.event_id}, endpoint {found.endpoint_id}"


def _time(found: Found) -> str:
    """When the change was made, as far as is known."""
    if found.since is None or found.until is None:
        return ""
    if found.since == found.until:
        return f" ({_moment(found.since)})"
    return f" (between {_moment(found.since)} and {_moment(found.until)})"


def _made(found: Found) -> str:
    if found.code == "event_without_delivery":
        return "mended: the delivery is due"
    if not found.event_ids:
        return "mended: no event is due of it any more"
    return f"mended: event {', '.join(map(str, found.event_ids))}"


def _sum_up(told: Told, arguments: argparse.Namespace) -> None:
    print(f"looked at {told.looked['rows']} rows and {told.looked['events']} events: {told.kinds['gap']} gaps")
    if arguments.recapture and told.kinds["gap"]:
        print(f"mended {told.mended} of {told.kinds['gap']} gaps")
    elif told.left:
        print("--recapture makes what is missing")
    if number := told.kinds["ledger"]:
        print(f"{number} in the ledger: outbound-webhooks recapture --all")
    if number := told.kinds["off"]:
        print(f"{number} while capture was switched off: emit_rows() tells of them, if that is wanted")
    if number := told.kinds["surplus"]:
        print(f"{number} deliveries too many")
    for text, number in sorted(told.unknown.items()):
        print(f"cannot be known, {number} times: {text}")


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S.%f %Z}"

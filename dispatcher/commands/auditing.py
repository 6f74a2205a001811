"""audit: what was changed, and what was denied: when, by whom, from where."""

import argparse
import json
from collections.abc import Mapping
from typing import Any, LiteralString

from psycopg.rows import dict_row

from dispatcher.commands.parsing import Parsers, add_parser, at_least_one
from dispatcher.commands.session import open_transaction

# The newest are looked for, and shown in the order in which they were written.
LINES: LiteralString = """
    select * from (
        select id, to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, database_user, actor, request_id, address,
            is_denied, clinic_id, action, subject, details
        from outbound_webhooks.audit_log as a
        where (%(since)s::timestamptz is null or a.at >= %(since)s)
            and (%(until)s::timestamptz is null or a.at < %(until)s)
            and (%(clinic)s::text is null or a.clinic_id = %(clinic)s)
            and (%(action)s::text is null or a.action = %(action)s or split_part(a.action, '.', 1) || '.*' = %(action)s)
            and (a.is_denied or not %(denied)s)
        order by a.id desc
        limit %(limit)s
    ) as newest
    order by id
"""


def add_parsers(parsers: Parsers) -> None:
    """Add the command."""
    added = add_parser(parsers, "audit", audit, "Show what was changed and what was denied: when, by whom, from where.")
    added.add_argument("--since", metavar="TIME", help="from this time on, UTC unless it says otherwise")
    added.add_argument("--until", metavar="TIME", help="before this time")
    added.add_argument("--clinic", help="only what was done to this clinic's")
    added.add_argument("--action", help="only this: endpoint.paused; or endpoint.* for all that is done to endpoints")
    added.add_argument("--denied", action="store_true", help="only what was denied")
    added.add_argument("--limit", type=at_least_one, default=100, help="the newest so many (default 100)")
    added.add_argument("--json", action="store_true", help="one JSON object a line")


def audit(arguments: argparse.Namespace) -> None:
    """Print lines of the audit log, the newest last."""
    chosen = {name: getattr(arguments, name) for name in ("since", "until", "clinic", "action", "denied", "limit")}
    with open_transaction() as connection:
        connection.execute("set local timezone = 'UTC'")
        lines = connection.cursor(row_factory=dict_row).execute(LINES, chosen).fetchall()
    for line in lines:
        print(json.dumps(line) if arguments.json else in_words(line))
    if not lines and not arguments.json:
        print("there is nothing of that in the audit log")


def in_words(line: Mapping[str, Any]) -> str:
    """A line of the log as people read it: what, to what, by whom; below it, what was changed."""
    who = [f"{line['actor']} as {line['database_user']}" if line["actor"] else str(line["database_user"])]
    who += [f"from {line['address']}"] if line["address"] else []
    who += [f"request {line['request_id']}"] if line["request_id"] else []
    what = f"{line['at']}  {'DENIED ' if line['is_denied'] else ''}{line['action']}  {line['subject']}"
    what += f" of clinic {line['clinic_id']}" if line["clinic_id"] else ""
    return "\n".join([f"{what}, by {', '.join(who)}", *(f"    {text}" for text in _changes(line["details"]))])


def _changes(details: Mapping[str, Any]) -> list[str]:
    before, after = details.get("before", {}), details.get("after", {})
    changed = [
        f"{name}: {' -> '.join(json.dumps(side[name]) for side in (before, after) if name in side)}"
        for name in sorted(before.keys() | after.keys())
    ]
    said = [f"{name}: {json.dumps(value)}" for name, value in details.items() if name not in ("before", "after")]
    return changed + said

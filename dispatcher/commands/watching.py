"""watch, unwatch: the triggers on a host's table."""

import argparse
import re
from typing import LiteralString

import psycopg

from dispatcher.commands.busy import patiently
from dispatcher.commands.parsing import Parsers, add_parser, at_least_one
from dispatcher.commands.session import Connection, UsageError, connected, transaction
from dispatcher.commands.watch_options import watch_parameters

PARAMETERS: LiteralString = "%s, %s, %s, %s, %s, %s, %s, %s, %s"
# Options of watch that may be given several times.
WATCH_LISTS = (
    ("--map", "columns", "PART=COLUMN", "which column is which part; parts not named are looked for by their names"),
    ("--include", "include", "[FIELD=]COLUMN", "one more column for the payload"),
    ("--amount", "amounts", "FIELD", "an included field that is an amount of money"),
    ("--related", "related", "NAME=TABLE:BY:COLUMNS", "a row of another table for the payload; or a JSON object"),
    ("--rule", "rules", "RULE", "which change makes which event, instead of the rules of a payment"),
)
WATCH_EXAMPLES = """\
examples:
  outbound-webhooks watch payment_transactions --map amount=amount_cents
  outbound-webhooks watch '"PaymentTransaction"' --map amount=totalAmount --map currency=currencyCode --dry-run
  outbound-webhooks watch payments --include provider --include tax=tax_cents --amount tax
  outbound-webhooks watch payments --related checkout=checkouts:checkout_id:id,offer_id \\
      --related offer=offers:checkout.offer_id:id,name=title
  outbound-webhooks watch invoices --resource invoice --rule 'created: inserted' \\
      --rule 'sent: status changed to sent' --rule 'partially_paid: paid grew below total' \\
      --include paid=paid_cents --include total=total_cents

The parts: id, clinic_id, status, amount, refunded_amount, currency, created_at, updated_at.
Running it again for the same table takes over what is asked for then. docs/capture.md has the odd cases.
"""
# The body of a function as a literal, as watch_ddl() has it: E'...' if there is a backslash in it.
BODY = re.compile(r"(?<=\nas) ?(E?)'((?:[^']|'')*)'\Z")

EVENT_TYPES: LiteralString = """
    select
        r ->> 'type',
        case r ->> 'when'
            when 'inserted' then 'a row is inserted'
            when 'changed' then format('%%s changes', r ->> 'field') || coalesce(' to ' || (r ->> 'to'), '')
            when 'grew' then format('%%s grows', r ->> 'field') || coalesce(' and is below ' || (r ->> 'below'), '')
        end
    from outbound_webhooks.event_sources as s, jsonb_array_elements(s.rules) with ordinality as r (r, n)
    where s.name = %s
    order by n
"""
SWITCHED_OFF: LiteralString = """
    select case when scope = 'all' then 'capture on' else 'capture on --source ' || substr(scope, 8) end
    from outbound_webhooks.switches
    where switch = 'capture' and scope in ('all', 'source ' || %s) and not is_on
"""


def add_parsers(parsers: Parsers) -> None:
    """Add the commands."""
    watched = add_parser(
        parsers, "watch", watch, "Watch a table: its writes become events once capture is on.", WATCH_EXAMPLES
    )
    watched.add_argument("table", help="schema.table, or table")
    for option, target, metavar, text in WATCH_LISTS:
        watched.add_argument(option, dest=target, metavar=metavar, action="append", default=[], help=text)
    watched.add_argument("--resource", default="payment_transaction", help="what a row is called in event types")
    watched.add_argument("--name", help="what the event source is called; made from the table's name by default")
    watched.add_argument("--strict", action="store_true", help="a capture that fails makes the write fail")
    watched.add_argument("--dry-run", action="store_true", help="print the DDL that this would execute; change nothing")
    unwatched = add_parser(parsers, "unwatch", unwatch, "Stop watching a table and remove its triggers.")
    unwatched.add_argument("table", nargs="?", help="schema.table, or table")
    unwatched.add_argument("--source", help="instead of a table: forget this event source, whose table is gone")
    for parser in (watched, unwatched):
        parser.add_argument(
            "--tries", type=at_least_one, default=5, help="how often to try while the table is busy (default 5)"
        )


def watch(arguments: argparse.Namespace) -> None:
    """Watch a table, or show what that would execute."""
    parameters = watch_parameters(arguments)
    with connected() as connection:
        _check_table(connection, arguments.table)
        if arguments.dry_run:
            _show_ddl(connection, parameters)
            return
        (source,) = patiently(
            connection,
            arguments.table,
            lambda: _one(connection, f"select outbound_webhooks.watch({PARAMETERS})", parameters),
            tries=arguments.tries,
        )
        print(f"watching {arguments.table} as event source {source}")
        for event_type, change in connection.execute(EVENT_TYPES, (source,)):
            print(f"  {event_type}: {change}")
        for (command,) in connection.execute(SWITCHED_OFF, (source,)):
            print(f"capture is off: outbound-webhooks {command}")


def unwatch(arguments: argparse.Namespace) -> None:
    """Stop watching a table, or forget a source whose table is gone."""
    if (arguments.table is None) == (arguments.source is None):
        raise UsageError("name a table; or --source SOURCE, if the table is gone")
    with connected() as connection:
        if arguments.source is not None:
            with transaction(connection):
                connection.execute("select outbound_webhooks.forget_source(%s)", (arguments.source,))
        else:
            _check_table(connection, arguments.table)
            patiently(
                connection,
                arguments.table,
                lambda: _one(connection, "select outbound_webhooks.unwatch(%s)", (arguments.table,)),
                tries=arguments.tries,
                readers_block=True,
            )
    print(f"no longer watching {arguments.table or arguments.source}")


def _one(connection: Connection, query: LiteralString, parameters: tuple[object, ...]) -> tuple[object, ...]:
    row = connection.execute(query, parameters).fetchone()
    assert row is not None
    return row


def _check_table(connection: Connection, table: str) -> None:
    """Say how a table is written whose name has capitals: a shell takes the quotes away that PostgreSQL asks for."""
    try:
        connection.execute("select %s::regclass", (table,))
    except psycopg.errors.UndefinedTable as error:
        rows = connection.execute(
            "select c.oid::regclass::text from pg_class as c"
            " where lower(c.relname) = lower(split_part(%s, '.', -1)) and c.relkind in ('r', 'p')",
            (table.replace('"', ""),),
        ).fetchall()
        if not rows:
            raise
        meant = " or ".join(f"'{name}'" for (name,) in rows)
        raise UsageError(f"{error.diag.message_primary}: do you mean {meant}?") from error


def _show_ddl(connection: Connection, parameters: tuple[object, ...]) -> None:
    rows = connection.execute(f"select outbound_webhooks.watch_ddl({PARAMETERS})", parameters).fetchall()
    print("-- What watch would execute; nothing was changed. Beside it, watch describes the source in our own tables.")
    for (statement,) in rows:
        print(f"\n{_readable(statement.rstrip())};")


def _readable(statement: str) -> str:
    """A function's body between dollar signs instead of in quotes, where every quote is doubled."""

    def dollars(found: re.Match[str]) -> str:
        body = found[2].replace("''", "'")
        if found[1]:
            body = body.replace("\\\\", "\\")
        return f" $function${body}$function$" if "$function$" not in body else found[0]

    return BODY.sub(dollars, statement)

"""watch, unwatch: the triggers on a host's table."""

import argparse
import re
from typing import LiteralString

import psycopg

from dispatcher.commands.busy import patiently
from dispatcher.commands.session import Connection, UsageError, connected, transaction
from dispatcher.commands.watch_options import watch_parameters

PARAMETERS: LiteralString = "%s, %s, %s, %s, %s, %s, %s, %s, %s"
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

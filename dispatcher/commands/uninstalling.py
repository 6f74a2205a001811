"""uninstall: take everything of ours out of the database, all of it or nothing."""

import argparse
import sys
from typing import LiteralString

import psycopg

from dispatcher import migrate
from dispatcher.commands.busy import patiently
from dispatcher.commands.parsing import Parsers, add_parser, at_least_one
from dispatcher.commands.session import Connection, UsageError, connected

ROLES = (
    "outbound_webhooks_owner, outbound_webhooks_dispatcher, outbound_webhooks_admin, outbound_webhooks_monitor,"
    " outbound_webhooks_clinic"
)

ALIVE: LiteralString = """
    select d.name
    from outbound_webhooks.dispatchers as d
    where d.stopped_at is null and d.heartbeat_at > clock_timestamp() - interval '15 seconds'
    order by d.id
"""
WATCHED: LiteralString = """
    select distinct t.tgrelid::regclass::text, pg_has_role(c.relowner, 'usage')
    from pg_trigger as t
    join pg_proc as p on p.oid = t.tgfoid
    join pg_class as c on c.oid = t.tgrelid
    where p.pronamespace = 'outbound_webhooks'::regnamespace
        and c.relnamespace <> p.pronamespace
        and t.tgparentid = 0
    order by 1
"""
LOST: LiteralString = """
    select
        current_database(),
        (select count(*) from outbound_webhooks.events),
        (select count(*) from outbound_webhooks.deliveries),
        (select count(*) from outbound_webhooks.endpoints as e where e.state <> 'retired'),
        (select count(*) from outbound_webhooks.capture_errors as c where c.recaptured_at is null)
"""
# Which databases still need our roles: others, and this one, if rights are left here, or on the server as a whole.
USERS_OF_THE_ROLES: LiteralString = """
    select distinct u.name, u.name = current_database()
    from pg_shdepend as d
    left join pg_database as b on b.oid = d.dbid
    cross join lateral (values (coalesce(b.datname, current_database()))) as u (name)
    where d.refclassid = 'pg_authid'::regclass
        and d.refobjid in (select r.oid from pg_roles as r where r.rolname = any (string_to_array(%s, ', ')))
    order by 1
"""


def add_parsers(parsers: Parsers) -> None:
    """Add the command."""
    added = add_parser(
        parsers, "uninstall", uninstall, "Remove the triggers, the grants, the schema and everything in it."
    )
    added.add_argument("--yes", action="store_true", help="do not ask")
    added.add_argument("--force", action="store_true", help="even while a dispatcher runs")
    added.add_argument(
        "--tries", type=at_least_one, default=5, help="how often to try while a table is busy (default 5)"
    )


def uninstall(arguments: argparse.Namespace) -> None:
    """Say what will be lost, ask, and remove everything in one transaction; then name the roles, which stay."""
    with connected() as connection:
        tables = _check_owners(connection)
        _check_dispatchers(connection, force=arguments.force)
        _confirm(connection, tables, yes=arguments.yes)

        def remove() -> None:
            _check_dispatchers(connection, force=arguments.force)
            migrate.uninstall(connection)

        try:
            patiently(connection, "outbound_webhooks.settings", remove, tries=arguments.tries, readers_block=True)
        except psycopg.errors.DependentObjectsStillExist as error:
            raise UsageError(
                f"something of the host depends on ours, and nothing was removed: {error.diag.message_primary}\n"
                f"{error.diag.message_detail}\ndrop that first"
            ) from error
        print("removed: the triggers, what our roles were granted on your tables, and the schema outbound_webhooks")
        print(_about_roles(connection))


def _check_owners(connection: Connection) -> list[str]:
    """The watched tables; refuse if one of them belongs to somebody for whom this user may not act."""
    rows = connection.execute(WATCHED).fetchall()
    if foreign := [name for name, may_act in rows if not may_act]:
        raise UsageError(
            f"{connection.info.user} may not drop the triggers on {', '.join(foreign)}: only their owners may\n"
            "uninstall as their owner or as a superuser; or let each owner run outbound-webhooks unwatch first"
        )
    return [name for name, _ in rows]


def _check_dispatchers(connection: Connection, *, force: bool) -> None:
    alive = [name for (name,) in connection.execute(ALIVE)]
    if alive and not force:
        raise UsageError(
            f"dispatchers are running: {', '.join(alive)}\n"
            "stop them first, or say --force: what they have in flight is lost, and they end with errors"
        )


def _confirm(connection: Connection, tables: list[str], *, yes: bool) -> None:
    row = connection.execute(LOST).fetchone()
    assert row is not None
    database, events, deliveries, endpoints, changes = row
    print(f"Uninstalling removes from the database {database}, for good:")
    print(f"  {events} events, and {deliveries} deliveries that are still due")
    print(f"  {endpoints} endpoints, with their signing keys")
    print(f"  {changes} changes in the ledger that were not captured")
    print(f"  the triggers on: {', '.join(tables) or 'no table'}", flush=True)
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on: say --yes, and all of this is removed")
    print("Remove all of this? [y/N] ", end="", flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was removed")


def _about_roles(connection: Connection) -> str:
    """The roles belong to the whole server: what a DBA may do about them."""
    users = connection.execute(USERS_OF_THE_ROLES, (ROLES,)).fetchall()
    if others := [database for database, is_here in users if not is_here]:
        return f"The five roles stay, as other databases of this server need them: {', '.join(others)}"
    statements = [f"  drop role {ROLES};"]
    if users:
        statements.insert(0, f"  drop owned by {ROLES}; -- rights that others granted to them here")
    return "\n".join(["The five roles belong to the whole server, and stay. A superuser removes them by:", *statements])

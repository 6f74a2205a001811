"""The command line. Exit codes: 0 done, 1 failed while working, 2 cannot start (what to do is on standard error)."""

import argparse
import asyncio
import base64
import json
import secrets
import sys
from collections.abc import Callable

import psycopg
from psycopg import sql

from dispatcher import __version__, app, config, migrate
from dispatcher.core.sealing import KEY_BYTES
from dispatcher.db import DISPATCHER_ROLE, error_text
from dispatcher.migrate import NOT_INSTALLED
from dispatcher.telemetry.logs import configure, log_observation

Command = Callable[[argparse.Namespace], None]

LOCK_TIMEOUT = "2s"  # how long watch may make writers wait for its triggers


class UsageError(Exception):
    """The command cannot be carried out; the message says what to do."""


def main() -> None:
    """Entry point of `outbound-webhooks` and `python -m dispatcher`."""
    arguments = _parser().parse_args()
    sys.exit(_guarded(arguments.command, arguments))


def _guarded(command: Command, arguments: argparse.Namespace) -> int:
    """Run a command and put what it raises into words."""
    try:
        command(arguments)
        return 0
    except (config.SettingsError, migrate.SchemaMismatch, UsageError) as error:
        return _complain(str(error))
    except migrate.MigrationFailed as error:
        return _complain(f"migration failed: {error}")
    except psycopg.OperationalError as error:
        if error.sqlstate is not None:
            return _complain(f"{error_text(error)}: try again when the database is less busy")
        reason = " ".join(str(error).split())
        return _complain(f"cannot connect to the database: {reason}\n{_database_hint(reason)}")
    except psycopg.Error as error:
        hint = f"\n{error.diag.message_hint}" if error.diag.message_hint else ""
        return _complain(error_text(error) + hint)
    except KeyboardInterrupt:
        return 130


def _complain(message: str) -> int:
    for line in message.splitlines():
        print(f"outbound-webhooks: {line}", file=sys.stderr)
    return 2


def _database_hint(message: str) -> str:
    hints = {
        "password authentication failed": "check user and password in OUTBOUND_WEBHOOKS_DATABASE_URL",
        "no password supplied": "put the password into OUTBOUND_WEBHOOKS_DATABASE_URL, PGPASSWORD or ~/.pgpass",
        "does not exist": "check user and database name in OUTBOUND_WEBHOOKS_DATABASE_URL",
        "could not translate host name": "check the host in OUTBOUND_WEBHOOKS_DATABASE_URL",
    }
    return next(
        (hint for text, hint in hints.items() if text in message),
        "check that the server runs, and host and port in OUTBOUND_WEBHOOKS_DATABASE_URL",
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="outbound-webhooks", description="Outbound webhooks out of PostgreSQL.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, text: str, epilog: str | None = None) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name, help=text, description=text, formatter_class=argparse.RawDescriptionHelpFormatter, epilog=epilog
        )
        added.set_defaults(command=command)
        return added

    add("run", _run, "Run a dispatcher until SIGTERM.", epilog="settings, from the environment:\n" + config.describe())
    add("migrate", _migrate, "Install or upgrade the schema in the database.")
    watch = add("watch", _watch, "Watch a table: its writes become events once capture is on.")
    watch.add_argument("table", help="schema.table, or table")
    watch.add_argument(
        "--map",
        dest="columns",
        action="append",
        default=[],
        metavar="PART=COLUMN",
        help="which column is the id, clinic_id, status, amount, refunded_amount, currency, created_at or updated_at;"
        " a part left out is looked for under its own name",
    )
    watch.add_argument("--name", help="what the event source is called; made from the table's name by default")
    watch.add_argument("--resource", default="payment_transaction", help="what a row is called in event types")
    unwatch = add("unwatch", _unwatch, "Stop watching a table and remove its triggers.")
    unwatch.add_argument("table", help="schema.table, or table")
    capture = add("capture", _capture, "Turn capture on or off.")
    capture.add_argument("switch", choices=["on", "off"])
    capture.add_argument("--source", help="only this event source; all by default")
    endpoint = add("create-endpoint", _create_endpoint, "Create an endpoint of a clinic; prints its signing key, once.")
    endpoint.add_argument("clinic", help="the clinic's id, as the watched table has it")
    endpoint.add_argument("url", help="where to send: https://...")
    endpoint.add_argument(
        "--event-types",
        default="*",
        metavar="PATTERNS",
        help="comma-separated: payment_transaction.created, payment_transaction.* or * (default)",
    )
    add("generate-master-key", _generate_master_key, "Print a new master key for OUTBOUND_WEBHOOKS_MASTER_KEYS.")
    demo = add("demo", _demo, "Show the whole path on an embedded PostgreSQL.")
    demo.add_argument("--once", action="store_true", help="exit when everything has arrived, instead of staying up")
    return parser


def _run(_: argparse.Namespace) -> None:
    settings = config.load()
    configure(settings.log_format, settings.log_level)

    async def work() -> None:
        stop = asyncio.Event()
        app.stop_on_signals(stop)
        try:
            await app.run(settings, [log_observation], stop)
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise
            where = f"{settings.ops_host}:{settings.ops_port}"
            raise UsageError(f"cannot serve on {where}: {error.strerror or error}") from error

    _preflight(settings.libpq_url())
    app.run_blocking(work())


def _preflight(url: str) -> None:
    """Connect once as the dispatcher will: a pool that cannot would only say so after its timeout.

    Raises:
        SchemaMismatch, UsageError: the role is not there, or this user may not take it.
    """
    with psycopg.connect(url, connect_timeout=10) as connection:
        try:
            connection.execute(sql.SQL("set role {}").format(sql.Identifier(DISPATCHER_ROLE)))
        except psycopg.errors.InvalidParameterValue as error:
            raise migrate.SchemaMismatch(NOT_INSTALLED) from error
        except psycopg.errors.InsufficientPrivilege as error:
            user = connection.info.user
            raise UsageError(f"{user} may not work as {DISPATCHER_ROLE}: grant {DISPATCHER_ROLE} to {user}") from error


def _migrate(_: argparse.Namespace) -> None:
    url = config.load().libpq_url()
    psycopg.connect(url, connect_timeout=10).close()
    done = migrate.migrate(url)
    for name in done.applied:
        print(f"applied {name}")
    print(f"loaded the SQL functions, fingerprint {done.fingerprint[:12]}")


def _watch(arguments: argparse.Namespace) -> None:
    columns = {}
    for entry in arguments.columns:
        part, separator, column = entry.partition("=")
        if not separator or not column:
            raise UsageError(f"--map {entry}: write PART=COLUMN, for example --map clinic_id=clinicId")
        columns[part] = column
    with _connect() as connection:
        row = connection.execute(
            "select outbound_webhooks.watch(%s, %s, %s, %s)",
            (arguments.table, json.dumps(columns), arguments.resource, arguments.name),
        ).fetchone()
        assert row is not None
        (capture,) = connection.execute("select capture from outbound_webhooks.settings").fetchone() or (False,)
    print(f"watching {arguments.table} as event source {row[0]}")
    if not capture:
        print("capture is off: outbound-webhooks capture on")


def _unwatch(arguments: argparse.Namespace) -> None:
    with _connect() as connection:
        connection.execute("select outbound_webhooks.unwatch(%s)", (arguments.table,))
    print(f"no longer watching {arguments.table}")


def _capture(arguments: argparse.Namespace) -> None:
    with _connect() as connection:
        connection.execute("select outbound_webhooks.set_capture(%s, %s)", (arguments.switch == "on", arguments.source))
    print(f"capture is {arguments.switch}" + (f" for {arguments.source}" if arguments.source else ""))


def _create_endpoint(arguments: argparse.Namespace) -> None:
    with _connect() as connection:
        row = connection.execute(
            "select endpoint_id, secret from outbound_webhooks.create_endpoint(%s, %s, %s)",
            (arguments.clinic, arguments.url, arguments.event_types.split(",")),
        ).fetchone()
    assert row is not None
    print(f"endpoint {row[0]}")
    print(f"signing key {row[1]}")
    print("the key is not shown again: give it to the receiver", file=sys.stderr)


def _connect() -> psycopg.Connection:
    connection = psycopg.connect(config.load().libpq_url(), connect_timeout=10)
    connection.execute(sql.SQL("set lock_timeout = {}").format(LOCK_TIMEOUT))
    if connection.execute("select to_regnamespace('outbound_webhooks')").fetchone() == (None,):
        raise migrate.SchemaMismatch(NOT_INSTALLED)
    return connection


def _generate_master_key(_: argparse.Namespace) -> None:
    key_id = "k" + secrets.token_hex(3)
    print(f"{key_id}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}")


def _demo(arguments: argparse.Namespace) -> None:
    try:
        from dispatcher.demo import show
    except ImportError as error:
        raise UsageError(f"the demo needs more packages ({error}): pip install 'outbound-webhooks[demo]'") from error
    show.main(once=arguments.once)


if __name__ == "__main__":
    main()

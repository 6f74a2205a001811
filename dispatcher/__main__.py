"""The command line. Exit codes: 0 done, 1 failed while working, 2 cannot start (what to do is on standard error)."""

import argparse
import sys
from collections.abc import Callable
from typing import TypeAlias

import psycopg

from dispatcher import __version__, config, migrate
from dispatcher.commands import (
    arming,
    demo,
    doctor,
    endpoints,
    installing,
    ledger,
    payload,
    running,
    switching,
    watching,
)
from dispatcher.commands.session import UsageError
from dispatcher.db import error_text

Command = Callable[[argparse.Namespace], int | None]
Parsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

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


def main() -> None:
    """Entry point of `outbound-webhooks` and `python -m dispatcher`."""
    arguments = _parser().parse_args()
    sys.exit(_guarded(arguments.command, arguments))


def _guarded(command: Command, arguments: argparse.Namespace) -> int:
    """Run a command and put what it raises into words."""
    try:
        return command(arguments) or 0
    except (config.SettingsError, migrate.SchemaMismatch, UsageError) as error:
        return _complain(str(error))
    except migrate.MigrationFailed as error:
        return _complain(f"migration failed: {error}")
    except psycopg.errors.ObjectNotInPrerequisiteState as error:  # ours: what has to be done first
        return _complain(_with_hint(error))
    except psycopg.OperationalError as error:
        if error.sqlstate is not None:
            return _complain(f"{error_text(error)}: try again when the database is less busy")
        reason = " ".join(str(error).split())
        return _complain(f"cannot connect to the database: {reason}\n{_database_hint(reason)}")
    except psycopg.errors.InsufficientPrivilege as error:
        hint = error.diag.message_hint or (
            "members of outbound_webhooks_owner may do everything, of outbound_webhooks_admin all but watch, unwatch:"
            " grant outbound_webhooks_owner to USER"
        )
        return _complain(f"{error_text(error)}\n{hint}")
    except psycopg.Error as error:
        return _complain(_with_hint(error))
    except KeyboardInterrupt:
        return 130


def _complain(message: str) -> int:
    for line in message.splitlines():
        print(f"outbound-webhooks: {line}", file=sys.stderr)
    return 2


def _with_hint(error: psycopg.Error) -> str:
    return error_text(error) + (f"\n{error.diag.message_hint}" if error.diag.message_hint else "")


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
    parsers = parser.add_subparsers(required=True, metavar="COMMAND")
    settings = "settings, from the environment:\n" + config.describe()
    run = _add(parsers, "run", running.run, "Run a dispatcher, or several, until SIGTERM.", settings)
    run.add_argument(
        "--workers",
        type=_at_least_one,
        metavar="N",
        help="run so many dispatchers, each a process of its own (OUTBOUND_WEBHOOKS_WORKERS by default)",
    )
    run.add_argument("--as-worker", type=_at_least_one, help=argparse.SUPPRESS)  # how workers.py starts each of them
    _add(parsers, "migrate", installing.migrate, "Install or upgrade the schema in the database.")
    _add_watching(parsers)
    _add_looking(parsers)
    _add_sending(parsers)
    _add_endpoints(parsers)
    _add(
        parsers,
        "generate-master-key",
        installing.generate_master_key,
        "Print a new master key for OUTBOUND_WEBHOOKS_MASTER_KEYS.",
    )
    shown = _add(parsers, "demo", demo.demo, "Show the whole path on an embedded PostgreSQL.")
    shown.add_argument("--once", action="store_true", help="exit when everything has arrived, instead of staying up")
    return parser


def _add(
    parsers: Parsers, name: str, command: Command, text: str, epilog: str | None = None
) -> argparse.ArgumentParser:
    added = parsers.add_parser(
        name, help=text, description=text, formatter_class=argparse.RawDescriptionHelpFormatter, epilog=epilog
    )
    added.set_defaults(command=command)
    return added


def _add_watching(parsers: Parsers) -> None:
    """What changes what is captured."""
    watch = _add(
        parsers, "watch", watching.watch, "Watch a table: its writes become events once capture is on.", WATCH_EXAMPLES
    )
    watch.add_argument("table", help="schema.table, or table")
    for option, target, metavar, text in WATCH_LISTS:
        watch.add_argument(option, dest=target, metavar=metavar, action="append", default=[], help=text)
    watch.add_argument("--resource", default="payment_transaction", help="what a row is called in event types")
    watch.add_argument("--name", help="what the event source is called; made from the table's name by default")
    watch.add_argument("--strict", action="store_true", help="a capture that fails makes the write fail")
    watch.add_argument("--dry-run", action="store_true", help="print the DDL that this would execute; change nothing")
    unwatch = _add(parsers, "unwatch", watching.unwatch, "Stop watching a table and remove its triggers.")
    unwatch.add_argument("table", nargs="?", help="schema.table, or table")
    unwatch.add_argument("--source", help="instead of a table: forget this event source, whose table is gone")
    for parser in (watch, unwatch):
        parser.add_argument(
            "--tries", type=_at_least_one, default=5, help="how often to try while the table is busy (default 5)"
        )
    capture = _add(parsers, "capture", switching.capture, "Turn capture on or off.")
    capture.add_argument("switch", choices=["on", "off"])
    capture.add_argument("--source", help="only this event source; all by default")


def _add_sending(parsers: Parsers) -> None:
    """What decides whether anything is sent at all."""
    arm = _add(parsers, "arm", arming.arm, "Let the dispatchers of one environment send from this database.")
    arm.add_argument("--environment", metavar="NAME", help="which one; OUTBOUND_WEBHOOKS_ENVIRONMENT by default")
    backlog = arm.add_mutually_exclusive_group()
    backlog.add_argument(
        "--keep-backlog",
        dest="backlog",
        action="store_const",
        const="keep",
        help="leave the deliveries that wait to OUTBOUND_WEBHOOKS_BACKLOG",
    )
    backlog.add_argument(
        "--cancel-backlog", dest="backlog", action="store_const", const="cancel", help="end the deliveries that wait"
    )
    delivery = _add(parsers, "delivery", switching.delivery, "Turn delivery off or on, for all dispatchers at once.")
    delivery.add_argument("switch", choices=["on", "off"])
    delivery.add_argument("--reason", help="for those who look at it later")
    delivery.add_argument(
        "--rate", type=_at_least_one, default=100, help="on: of what waited, so many deliveries a second (default 100)"
    )


def _add_endpoints(parsers: Parsers) -> None:
    """What makes, stops and restarts endpoints."""
    endpoint = _add(
        parsers, "create-endpoint", endpoints.create_endpoint, "Create an endpoint; prints its signing key, once."
    )
    endpoint.add_argument("clinic", help="the clinic's id, as the watched table has it")
    endpoint.add_argument("url", help="where to send: https://...")
    endpoint.add_argument(
        "--event-types",
        default="*",
        metavar="PATTERNS",
        help="comma-separated: payment_transaction.created, payment_transaction.* or * (default)",
    )
    endpoint.add_argument("--ordered", action="store_true", help="events about one payment arrive in commit order")
    endpoint.add_argument("--max-in-flight", type=_at_least_one, default=10, help="requests at once (default 10)")
    endpoint.add_argument("--rate", type=_at_least_one, help="requests a second, at most; no limit by default")
    endpoint.add_argument("--timeout", type=_at_least_one, default=20, help="seconds for a request (default 20)")
    listed = _add(parsers, "endpoints", endpoints.endpoints, "List endpoints: their state, and what is kept for them.")
    listed.add_argument("--clinic", help="only those of this clinic")
    pause = _add(parsers, "pause", endpoints.pause, "Send nothing more to an endpoint, and keep what is due to it.")
    pause.add_argument("endpoint", type=_at_least_one, help="its id")
    pause.add_argument("--reason", help="for those who look at it later")
    resume = _add(parsers, "resume", endpoints.resume, "Send again to an endpoint that was paused or disabled.")
    resume.add_argument("endpoint", type=_at_least_one, help="its id")
    resume.add_argument(
        "--rate", type=_at_least_one, help="of what was kept, so many deliveries a second (as before; 100 at first)"
    )


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 on")
    return int(text)


def _add_looking(parsers: Parsers) -> None:
    """What looks at what is captured, and mends it."""
    _add(parsers, "switches", switching.switches, "Show what is switched on and off, since when, by whom and why.")
    checked = _add(
        parsers, "doctor", doctor.doctor, "Say what is wrong, and what mends it; exit code 1 if there is a problem."
    )
    checked.add_argument("--json", action="store_true", help="the findings as a JSON object")
    payloads = parsers.add_parser("payload", help="Look at payloads.").add_subparsers(required=True, metavar="COMMAND")
    preview = _add(payloads, "preview", payload.preview, "Print the body that an event about a row would have now.")
    preview.add_argument("source", help="the event source")
    preview.add_argument("key", help="the row's id")
    preview.add_argument("--type", help="the event type; that of an inserted row by default")
    preview.add_argument("--raw", action="store_true", help="the exact text, also on a terminal")
    recapture = _add(
        parsers,
        "recapture",
        ledger.recapture,
        "Turn changes in the ledger (capture_errors) into the events that were due; exit code 1 if some are left.",
    )
    recapture.add_argument("id", nargs="?", type=int, help="one change, by its id in capture_errors")
    recapture.add_argument("--all", action="store_true", help="all open changes, oldest first")
    recapture.add_argument("--since", metavar="TIME", help="those from this time on, UTC unless it says otherwise")
    recapture.add_argument("--until", metavar="TIME", help="those before this time")


if __name__ == "__main__":
    main()

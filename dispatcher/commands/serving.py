"""serve: the admin API, until SIGTERM."""

import argparse

from dispatcher import config
from dispatcher.commands.lasting import preflight, run_until_signalled
from dispatcher.commands.parsing import Parsers, add_parser
from dispatcher.commands.session import roles_explained
from dispatcher.db import ADMIN_ROLE
from dispatcher.telemetry.logs import ObservationLog, configure


def add_parsers(parsers: Parsers) -> None:
    """Add the command."""
    settings = "settings, from the environment:\n" + config.describe()
    add_parser(parsers, "serve", run, "Serve the admin API until SIGTERM; it sends tests only.", settings)


def run(_: argparse.Namespace) -> int:
    """Serve the admin API until SIGTERM."""
    settings = config.load()
    configure(settings.log_format, settings.log_level)
    preflight(settings.libpq_url(), "admin", ADMIN_ROLE)
    from dispatcher import serve  # here, and not above: the other commands need no HTTP server

    with roles_explained(), ObservationLog() as log:
        run_until_signalled(
            lambda stop: serve.run(settings, [log.observe], stop), settings.admin_host, settings.admin_port
        )
    return 0

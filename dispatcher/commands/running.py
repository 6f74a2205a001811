"""run: a dispatcher, or several, until SIGTERM."""

import argparse

from dispatcher import config
from dispatcher.commands.lasting import preflight, run_until_signalled
from dispatcher.commands.parsing import Parsers, add_parser, at_least_one
from dispatcher.commands.session import UsageError
from dispatcher.commands.workers import supervise
from dispatcher.telemetry.logs import ObservationLog, configure

LAST_PORT = 65535


def add_parsers(parsers: Parsers) -> None:
    """Add the command."""
    settings = "settings, from the environment:\n" + config.describe()
    added = add_parser(parsers, "run", run, "Run a dispatcher, or several, until SIGTERM.", settings)
    added.add_argument(
        "--workers",
        type=at_least_one,
        metavar="N",
        help="run so many dispatchers, each a process of its own (OUTBOUND_WEBHOOKS_WORKERS by default)",
    )
    added.add_argument("--as-worker", type=at_least_one, help=argparse.SUPPRESS)  # how workers.py starts each of them


def run(arguments: argparse.Namespace) -> int:
    """Run a dispatcher until SIGTERM, or a supervisor with several."""
    settings = config.load()
    count = arguments.workers or settings.workers
    _check_count(count, settings.ops_port)
    if arguments.as_worker is None and count > 1:
        settings.keyring()  # what none of them could start without is said once
        preflight(settings.libpq_url())
        return supervise(count)
    _run_one(settings, arguments.as_worker)
    return 0


def _check_count(count: int, ops_port: int) -> None:
    if count > config.MOST_WORKERS:
        raise UsageError(f"--workers {count}: at most {config.MOST_WORKERS}")
    if ops_port + count - 1 > LAST_PORT:
        raise UsageError(f"{count} workers need as many ports from OUTBOUND_WEBHOOKS_OPS_PORT ({ops_port}) on")


def _run_one(settings: config.Settings, worker: int | None) -> None:
    """Run one dispatcher; `worker` is its number if it is one of several."""
    if worker is None:
        configure(settings.log_format, settings.log_level)
    else:
        configure(settings.log_format, settings.log_level, worker=worker)
        if settings.ops_port:
            settings = settings.model_copy(update={"ops_port": settings.ops_port + worker - 1})

    preflight(settings.libpq_url())
    from dispatcher import app  # here, and not above: it takes a third of the time in which any other command starts

    with ObservationLog() as log:
        run_until_signalled(
            lambda stop: app.run(settings, [log.observe], stop),
            settings.ops_host,
            settings.ops_port,
            second_ends=worker is None,
        )

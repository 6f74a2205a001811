"""run: a dispatcher, or several, until SIGTERM."""

import argparse
import asyncio
import gc

from dispatcher import app, config, migrate
from dispatcher.commands.parsing import Parsers, add_parser, at_least_one
from dispatcher.commands.session import UsageError
from dispatcher.commands.workers import supervise
from dispatcher.db import RightsMissing, RoleMissing, connect
from dispatcher.migrate import NOT_INSTALLED
from dispatcher.telemetry.logs import configure, log_observation

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
        _preflight(settings.libpq_url())
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

    async def work() -> None:
        stop = asyncio.Event()
        app.stop_on_signals(stop, second_ends=worker is None)
        try:
            await app.run(settings, [log_observation], stop)
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise
            where = f"{settings.ops_host}:{settings.ops_port}"
            raise UsageError(f"cannot serve on {where}: {error.strerror or error}") from error

    _preflight(settings.libpq_url())
    # The modules last as long as the process. Looked through again and again, they would stop every request for 50 ms.
    gc.freeze()
    app.run_blocking(work())


def _preflight(url: str) -> None:
    """Connect once as the dispatcher will: a pool that cannot would only say so after its timeout.

    Raises:
        SchemaMismatch, UsageError: the role is not there, or this login may not work as it.
    """

    async def try_once() -> None:
        await (await connect(url)).close()

    try:
        asyncio.run(try_once())
    except RoleMissing as error:
        raise migrate.SchemaMismatch(NOT_INSTALLED) from error
    except RightsMissing as error:
        raise UsageError(str(error)) from error

"""serve: the admin API, until SIGTERM."""

import argparse
import asyncio

from dispatcher import app, config, migrate, serve
from dispatcher.commands.parsing import Parsers, add_parser
from dispatcher.commands.session import UsageError
from dispatcher.db import ADMIN_ROLE, RightsMissing, RoleMissing, connect
from dispatcher.migrate import NOT_INSTALLED
from dispatcher.telemetry.logs import configure, log_observation


def add_parsers(parsers: Parsers) -> None:
    """Add the command."""
    settings = "settings, from the environment:\n" + config.describe()
    add_parser(parsers, "serve", run, "Serve the admin API until SIGTERM; it sends nothing.", settings)


def run(_: argparse.Namespace) -> int:
    """Serve the admin API until SIGTERM."""
    settings = config.load()
    configure(settings.log_format, settings.log_level)

    async def work() -> None:
        stop = asyncio.Event()
        app.stop_on_signals(stop)
        try:
            await serve.run(settings, [log_observation], stop)
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise
            where = f"{settings.admin_host}:{settings.admin_port}"
            raise UsageError(f"cannot serve on {where}: {error.strerror or error}") from error

    _preflight(settings.libpq_url())
    app.run_blocking(work())
    return 0


def _preflight(url: str) -> None:
    """Connect once as the pool will: it would only say after its timeout that it cannot.

    Raises:
        SchemaMismatch, UsageError: the role is not there, or this login may not work as it.
    """

    async def try_once() -> None:
        await (await connect(url, "admin", ADMIN_ROLE)).close()

    try:
        asyncio.run(try_once())
    except RoleMissing as error:
        raise migrate.SchemaMismatch(NOT_INSTALLED) from error
    except RightsMissing as error:
        raise UsageError(str(error)) from error

"""run: a dispatcher, until SIGTERM."""

import argparse
import asyncio

from dispatcher import app, config, migrate
from dispatcher.commands.session import UsageError
from dispatcher.db import RightsMissing, RoleMissing, connect
from dispatcher.migrate import NOT_INSTALLED
from dispatcher.telemetry.logs import configure, log_observation


def run(_: argparse.Namespace) -> None:
    """Run a dispatcher until SIGTERM."""
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

"""run: a dispatcher, until SIGTERM."""

import argparse
import asyncio

import psycopg
from psycopg import sql

from dispatcher import app, config, migrate
from dispatcher.commands.session import UsageError
from dispatcher.db import DISPATCHER_ROLE
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
        SchemaMismatch, UsageError: the role is not there, or this user may not take it.
    """
    with psycopg.connect(url, connect_timeout=10) as connection:
        try:
            connection.execute(sql.SQL("set role {}").format(sql.Identifier(DISPATCHER_ROLE)))
        except psycopg.errors.InvalidParameterValue as error:
            raise migrate.SchemaMismatch(NOT_INSTALLED) from error
        except psycopg.errors.InsufficientPrivilege as error:
            user = connection.info.user
            raise UsageError(f"{user} may not work as {DISPATCHER_ROLE}: grant {DISPATCHER_ROLE} to {user}") from error

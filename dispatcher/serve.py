"""The composition root of the admin API: what it is made of, and in which order it starts and stops."""

import asyncio

from dispatcher.admin.app import serve
from dispatcher.admin.deps import Deps, Options
from dispatcher.config import Settings
from dispatcher.db import ADMIN_ROLE, open_pool
from dispatcher.migrate import check_schema
from dispatcher.telemetry.admin_observations import AdminStarted, AdminStopped
from dispatcher.telemetry.observations import Observation, Observe


async def run(settings: Settings, observers: list[Observe], stop: asyncio.Event) -> None:
    """Serve the admin API until `stop` is set.

    Raises:
        SchemaMismatch, psycopg.OperationalError, PoolTimeout, OSError: it cannot start.
    """

    def observe(observation: Observation) -> None:
        for observer in observers:
            observer(observation)

    async with open_pool(settings.libpq_url(), settings.pool_size, ADMIN_ROLE) as pool:
        await check_schema(pool.connection)
        deps = Deps(pool, options(settings), observe)
        async with serve(deps, settings.admin_host, settings.admin_port, settings.shutdown_grace_seconds) as port:
            observe(AdminStarted(settings.admin_host, port))
            await stop.wait()
        observe(AdminStopped())


def options(settings: Settings) -> Options:
    """What the settings say about the admin API."""
    return Options(
        public_url=settings.admin_public_url,
        trusted_proxies=settings.admin_trusted_proxies,
        code_seconds=settings.portal_code_seconds,
        idle_seconds=settings.portal_idle_minutes * 60,
        session_seconds=settings.portal_session_hours * 3600,
        tokens=settings.token_rules(),
        asks_membership=settings.membership == "function",
    )

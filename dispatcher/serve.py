"""The composition root of the admin API: what it is made of, and in which order it starts and stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dispatcher import __version__
from dispatcher.admin.app import serve
from dispatcher.admin.deps import Deps, Options, Sender
from dispatcher.config import Settings
from dispatcher.core.envelope import user_agent
from dispatcher.db import ADMIN_ROLE, Caller, clinic_transaction, open_pool
from dispatcher.egress.client import open_egress
from dispatcher.migrate import check_schema
from dispatcher.telemetry.admin_observations import AdminStarted, AdminStopped
from dispatcher.telemetry.observations import Observation, Observe


async def run(settings: Settings, observers: list[Observe], stop: asyncio.Event) -> None:
    """Serve the admin API until `stop` is set.

    Raises:
        SchemaMismatch, RightsMissing, psycopg.OperationalError, PoolTimeout, OSError: it cannot start.
    """

    def observe(observation: Observation) -> None:
        for observer in observers:
            observer(observation)

    async with open_pool(settings.libpq_url(), settings.pool_size, ADMIN_ROLE) as pool, open_sender(settings) as sender:
        await check_schema(pool.connection)
        async with clinic_transaction(pool, Caller([], "serve")):
            pass  # what every request about a clinic needs; better refused now than each time
        deps = Deps(pool, options(settings), observe, sender)
        async with serve(deps, settings.admin_host, settings.admin_port, settings.shutdown_grace_seconds) as port:
            observe(AdminStarted(settings.admin_host, port))
            await stop.wait()
        observe(AdminStopped())


@asynccontextmanager
async def open_sender(settings: Settings) -> AsyncIterator[Sender | None]:
    """The way out for tests; None where delivery is not enabled, or there are no master keys to open what is sealed."""
    if not settings.enabled or settings.environment is None or not settings.master_keys.get_secret_value():
        yield None
        return
    async with open_egress(
        allowed=settings.allowed_networks, ca_file=settings.ca_file, keep_excerpts=settings.response_excerpts
    ) as send:
        yield Sender(send, settings.keyring(), settings.environment, user_agent(__version__))


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

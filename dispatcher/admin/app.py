"""The admin API and the UI as an application, and serving it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from dispatcher.admin.bodies import MOST_BYTES
from dispatcher.admin.deps import DEPS, Deps
from dispatcher.admin.middlewares import IN_ORDER
from dispatcher.admin.routes import register
from dispatcher.admin.server import Runner
from dispatcher.admin.table import ROUTES
from dispatcher.admin.ui import frame


def make_app(deps: Deps) -> web.Application:
    """The application with all its routes."""
    app = web.Application(middlewares=IN_ORDER, client_max_size=MOST_BYTES)
    app[DEPS] = deps
    register(app, ROUTES)
    frame.set_up(app)
    return app


@asynccontextmanager
async def serve(deps: Deps, host: str, port: int, grace_seconds: float) -> AsyncIterator[int]:
    """Serve until left; yields the port. Requests that are under way then may take `grace_seconds` more.

    Raises:
        OSError: the address cannot be bound.
    """
    runner = Runner(make_app(deps), access_log=None, shutdown_timeout=grace_seconds)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()

"""Fixtures of the tests of the admin API: over real HTTP, on a real PostgreSQL."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any, LiteralString

import aiohttp
import psycopg
import pytest

from dispatcher.admin.app import serve
from dispatcher.admin.deps import Deps, Options
from dispatcher.db import ADMIN_ROLE, open_pool
from tests.admin.client import PUBLIC_URL, Api, Clock
from tests.support import postgres
from tests.support.seen import Seen

StartApi = Callable[..., AbstractAsyncContextManager[Api]]


# The audit log is emptied last, as the other two write a line each; it refuses that otherwise, from superusers, too.
CLEAN: LiteralString = """
truncate outbound_webhooks.api_keys, outbound_webhooks.portal_sessions restart identity;
alter table outbound_webhooks.audit_log disable trigger refuse_audit_change;
truncate outbound_webhooks.audit_log restart identity;
alter table outbound_webhooks.audit_log enable always trigger refuse_audit_change;
"""


@pytest.fixture(scope="session")
def lasting_database(server: postgres.TestServer) -> Iterator[str]:
    """A database for all tests that change no function in it."""
    with postgres.database(server) as url:
        yield url


@pytest.fixture
def api_database(lasting_database: str) -> Iterator[str]:
    """The database of the API, without a key or a session; modules whose tests change functions have their own."""
    yield lasting_database
    with psycopg.connect(lasting_database, autocommit=True) as connection:
        connection.execute(CLEAN)


@pytest.fixture
def start_api(api_database: str) -> StartApi:
    """Starts the admin API in this process: `async with start_api(code_seconds=10) as api`."""

    @asynccontextmanager
    async def start(now: Callable[[], float] = time.time, **changes: Any) -> AsyncIterator[Api]:
        seen, clock = Seen(), Clock()
        async with open_pool(api_database, 4, ADMIN_ROLE) as pool:
            options = replace(Options(public_url=PUBLIC_URL), **changes)
            deps = Deps(pool, options, seen.observe, now=now, clock=clock)
            with psycopg.connect(api_database, autocommit=True) as connection:
                async with (
                    serve(deps, "127.0.0.1", 0, 5) as port,
                    aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
                ):
                    yield Api(f"http://127.0.0.1:{port}", session, connection, seen, clock, deps)

    return start


@pytest.fixture
async def api(start_api: StartApi) -> AsyncIterator[Api]:
    """A running admin API."""
    async with start_api() as running:
        yield running

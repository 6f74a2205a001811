"""Fixtures of the tests of the admin API: over real HTTP, on a real PostgreSQL."""

import math
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, LiteralString

import aiohttp
import psycopg
import pytest
import trustme
from psycopg.sql import SQL

from dispatcher.admin import testing
from dispatcher.admin.app import serve
from dispatcher.admin.deps import Deps, Options, Sender
from dispatcher.admin.operations import subscriptions
from dispatcher.db import ADMIN_ROLE, open_pool
from dispatcher.serve import open_sender
from tests.admin.client import PUBLIC_URL, Api, Clock
from tests.support import postgres
from tests.support.host import Host
from tests.support.seen import Seen
from tests.support.settings import settings_for

StartApi = Callable[..., AbstractAsyncContextManager[Api]]


# The audit log is emptied last, as the other two write a line each; it refuses that otherwise, from superusers, too.
CLEAN: LiteralString = """
truncate outbound_webhooks.api_keys, outbound_webhooks.portal_sessions restart identity;
alter table outbound_webhooks.audit_log disable trigger refuse_audit_change;
truncate outbound_webhooks.audit_log restart identity;
alter table outbound_webhooks.audit_log enable always trigger refuse_audit_change;
"""
NO_ENDPOINTS: LiteralString = """
truncate outbound_webhooks.endpoints, outbound_webhooks.endpoint_flow, outbound_webhooks.endpoint_secrets,
    outbound_webhooks.endpoint_headers, outbound_webhooks.endpoint_hours, outbound_webhooks.deliveries,
    outbound_webhooks.replays restart identity;
"""


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine: tests are sent; what a page counts within a second, or does without, is counted."""
    for_ever = SQL("select set_config('statement_timeout', '0', true)").format()
    monkeypatch.setattr(subscriptions, "_FOR_A_SECOND", for_ever)
    monkeypatch.setattr(testing, "LONGEST_WAIT_SECONDS", math.inf)


@pytest.fixture(scope="session")
def lasting_database(server: postgres.TestServer) -> Iterator[str]:
    """A database for all tests that change no function in it."""
    with postgres.database(server) as url:
        yield url


@pytest.fixture
def api_database(lasting_database: str) -> Iterator[str]:
    """The database of the API, without keys and endpoints; modules whose tests change functions have their own."""
    yield lasting_database
    with psycopg.connect(lasting_database, autocommit=True) as connection:
        connection.execute(NO_ENDPOINTS + CLEAN)


@asynccontextmanager
async def serve_api(
    database_url: str,
    now: Callable[[], float] = time.time,
    clock: Clock | None = None,
    sender: Sender | None = None,
    **changes: Any,
) -> AsyncIterator[Api]:
    """Serve the admin API of a database in this process."""
    seen, clock = Seen(), clock or Clock()
    async with open_pool(database_url, 4, ADMIN_ROLE) as pool:
        options = replace(Options(public_url=PUBLIC_URL), **changes)
        deps = Deps(pool, options, seen.observe, sender, now=now, clock=clock)
        with psycopg.connect(database_url, autocommit=True) as connection:
            async with (
                serve(deps, "127.0.0.1", 0, 5) as port,
                aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
            ):
                yield Api(f"http://127.0.0.1:{port}", session, connection, seen, clock, deps)


@pytest.fixture
def start_api(api_database: str) -> StartApi:
    """Starts the admin API in this process: `async with start_api(code_seconds=10) as api`."""
    return partial(serve_api, api_database)


@pytest.fixture
async def api(start_api: StartApi) -> AsyncIterator[Api]:
    """A running admin API."""
    async with start_api() as running:
        yield running


@pytest.fixture
async def sending(host: Host, certificates: tuple[trustme.CA, Path]) -> AsyncIterator[Api]:
    """A running admin API of the host's database that sends tests."""
    async with open_sender(settings_for(host.url, certificates[1])) as sender:
        assert sender is not None
        async with serve_api(host.url, sender=sender) as running:
            yield running

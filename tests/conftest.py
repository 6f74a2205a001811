"""Fixtures: one PostgreSQL server a run, a database a test, a receiver, a dispatcher in this process."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import psycopg
import pytest
import trustme

from dispatcher import app
from dispatcher.config import Settings
from dispatcher.demo.receiver import Receiver, make_ca, serve_receiver
from tests.support import examples, postgres
from tests.support.host import IMPOSSIBLE, Host
from tests.support.seen import Seen
from tests.support.settings import settings_for

StartDispatcher = Callable[..., AbstractAsyncContextManager[Seen]]

examples.register()

TESTS = Path(__file__).parent
# Of the tests of whole programs, those that `make test` runs: the path of a payment, by a dispatcher in this process.
EVERYDAY = {"test_path.py", "test_wake.py", "test_retry.py"}
# Of the SQL and API tests, those that it leaves out: they install, fill large tables, or hold locks for seconds.
LONG = re.compile(
    r"test_(contract|exactly_.*|function_upgrade|header_rules|list_plans|migrations|names|plain_dba|reconcile.*|rollback"
    r"|runbook|view_plans|whole_life)"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is long: `make test` leaves it to `make test-long`."""
    for item in items:
        folder, name = item.path.parent, item.path.name
        if (folder == TESTS / "integration" and name not in EVERYDAY) or (
            folder in (TESTS / "sql", TESTS / "admin") and LONG.fullmatch(item.path.stem)
        ):
            item.add_marker(pytest.mark.long)


def pytest_addoption(parser: pytest.Parser) -> None:
    """--pg: which PostgreSQL."""
    parser.addoption("--pg", help="docker, or a major version: 15, 16, 18 (default 18)")


def pytest_report_header(config: pytest.Config) -> str:
    """The first line says which server."""
    return f"postgresql: {postgres.describe(config.getoption('--pg') or None)}"


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[postgres.TestServer]:
    """The server of this run; each worker of a parallel run has its own."""
    with postgres.serve(request.config.getoption("--pg") or None) as found:
        yield found


@pytest.fixture
def database_url(server: postgres.TestServer) -> Iterator[str]:
    """A migrated database of this test's own."""
    with postgres.database(server) as url:
        yield url


@pytest.fixture
def empty_database_url(server: postgres.TestServer) -> Iterator[str]:
    """An empty database of this test's own."""
    with postgres.database(server, migrated=False) as url:
        yield url


@pytest.fixture
def host(database_url: str) -> Iterator[Host]:
    """A host with its payment table watched and capture on; at the end no delivery is in an impossible state."""
    found = Host(database_url)
    found.allow_internal_urls()
    yield found
    found.close()
    with psycopg.connect(database_url) as connection:  # the host's own may have been cut
        assert connection.execute(IMPOSSIBLE).fetchall() == []


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    """A certificate authority, and its file."""
    return make_ca(tmp_path_factory.mktemp("ca"))


@pytest.fixture
async def receiver(certificates: tuple[trustme.CA, Path]) -> AsyncIterator[Receiver]:
    """An HTTPS receiver that verifies signatures with the official library."""
    async with serve_receiver(certificates[0]) as found:
        yield found


@pytest.fixture
def settings(database_url: str, certificates: tuple[trustme.CA, Path]) -> Settings:
    """Settings of a dispatcher that delivers to the receiver."""
    return settings_for(database_url, certificates[1])


@pytest.fixture
def dispatcher(settings: Settings) -> StartDispatcher:
    """Starts dispatchers in this process: `async with dispatcher(concurrency=5) as seen`."""

    @asynccontextmanager
    async def start(**changes: object) -> AsyncIterator[Seen]:
        seen, stop = Seen(), asyncio.Event()
        changed = settings.model_copy(update=changes)
        running = asyncio.create_task(app.run(changed, [seen.observe], stop))
        try:
            await _started(running, seen)
            yield seen
        finally:
            stop.set()
            await running

    return start


async def _started(running: "asyncio.Task[None]", seen: Seen) -> None:
    from dispatcher.telemetry.observations import DispatcherStarted

    started = asyncio.create_task(seen.count(DispatcherStarted))
    await asyncio.wait([running, started], return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        started.cancel()
        await running

"""Fixtures of the SQL tests: plain psycopg on a real PostgreSQL, no dispatcher."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from tests.sql import steps
from tests.sql.doctoring import make_healthy
from tests.sql.journal import Journal
from tests.sql.steps import Session
from tests.support import postgres
from tests.support.host import IMPOSSIBLE, Host

Connect = Callable[[], Session]


@pytest.fixture(scope="session")
def lasting_host(server: postgres.TestServer) -> Iterator[Host]:
    """A host for tests that only read, and for those that take everything back."""
    with postgres.database(server) as url, closing(Host(url)) as found:
        yield found


@pytest.fixture
def sandbox(lasting_host: Host) -> Iterator[Host]:
    """A host inside a transaction that is rolled back: for tests that need one session and no commit."""
    with lasting_host.connection.transaction(force_rollback=True):
        yield lasting_host
        assert lasting_host.rows(IMPOSSIBLE) == []


@pytest.fixture
def numbered(sandbox: Host) -> Host:
    """A sandbox whose endpoints and deliveries are numbered from 1 on."""
    sandbox.rows("alter table outbound_webhooks.endpoints alter column id restart")
    sandbox.rows("alter sequence outbound_webhooks.delivery_ids restart")
    return sandbox


@pytest.fixture
def connect(host: Host) -> Iterator[Connect]:
    """Opens more sessions on the host's database."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(Session(host.url)))


@pytest.fixture
def journal(host: Host) -> Journal:
    """An independent journal of what commits to the payment table; the clinic has one endpoint, for all its events."""
    steps.endpoint(host)
    return Journal(host, "payment_transactions")


@pytest.fixture
def within_an_hour() -> None:
    """What the test does is counted in one hour: it does not begin when that is about to end."""
    left = 3600 - time.time() % 3600
    if left < 20:
        time.sleep(left + 0.1)


@pytest.fixture
def healthy(sandbox: Host) -> Host:
    """A host of which nothing is to be said."""
    make_healthy(sandbox)
    return sandbox

"""The admin API on a database with two clinics, as tests/admin starts it."""

from collections.abc import Iterator

import pytest

from tests.admin.conftest import patience, start_api
from tests.admin.rows import World, two_clinics
from tests.support import postgres

__all__ = ["patience", "start_api"]


@pytest.fixture
def world(server: postgres.TestServer) -> Iterator[World]:
    """A database of this test's own."""
    with two_clinics(server) as found:
        yield found


@pytest.fixture
def api_database(world: World) -> str:
    """The database of the API."""
    return world.host.url

"""Fixtures of the integration tests."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import trustme

from dispatcher import db
from tests.sql.doctoring import LASTING, make_healthy
from tests.sql.steps import Session
from tests.support.host import Host
from tests.support.rounds import Rounds
from tests.support.settings import environment


@pytest.fixture
def env(database_url: str, certificates: tuple[trustme.CA, Path]) -> dict[str, str]:
    """The environment of a dispatcher that could run."""
    return environment(database_url, certificates[1])


@pytest.fixture
def other(host: Host) -> Iterator[Session]:
    """One more session on the host's database."""
    with closing(Session(host.url)) as session:
        yield session


@pytest.fixture
def well(host: Host) -> Host:
    """A host of which the doctor has nothing to say, however long the test takes."""
    make_healthy(host)
    host.rows(LASTING)
    return host


@pytest.fixture
def rounds(host: Host) -> Rounds:
    """Retention on the host's database."""
    return Rounds(host)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retention waits until the test lets it go on, however slow the machine is."""
    monkeypatch.setattr(db, "_OWNER_SESSION", db._OWNER_SESSION.replace("'2s'", "'60s'"))

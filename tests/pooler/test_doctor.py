"""The doctor behind a pooler: whether LISTEN works on the URL that a dispatcher would have."""

import json
from pathlib import Path

import pytest
import trustme

from tests.pooler.conftest import APP, application
from tests.sql.doctoring import LASTING, make_healthy
from tests.support.cli import cli
from tests.support.host import Host
from tests.support.pgbouncer import PgBouncer
from tests.support.settings import environment

LISTEN_URL = "OUTBOUND_WEBHOOKS_LISTEN_DATABASE_URL"


def codes(env: dict[str, str]) -> dict[str, str]:
    """What the doctor finds: the texts by their codes."""
    done = cli("doctor", "--json", **env)
    assert done.err == ""
    return {found["code"]: found["finding"] for found in json.loads(done.out)["findings"]}


@pytest.fixture
def watched(host: Host) -> Host:
    """A host of which nothing is to be said, and whose application may ask the doctor."""
    make_healthy(host)
    host.rows(LASTING)
    host.rows(f"grant outbound_webhooks_monitor, pg_read_all_stats to {APP}")
    return host


def test_transaction_mode(watched: Host, transaction_pooler: PgBouncer, certificates: tuple[trustme.CA, Path]) -> None:
    """Nothing is heard; a direct connection for LISTEN, which is the remedy, works."""
    env = environment(application(watched, transaction_pooler).url, certificates[1])

    found = codes(env)
    mended = codes({**env, LISTEN_URL: watched.url})

    assert list(found) == ["listen-silent"]
    assert "nothing is heard: does its URL lead through a transaction pooler?" in found["listen-silent"]
    assert mended == {}


def test_session_mode(watched: Host, session_pooler: PgBouncer, certificates: tuple[trustme.CA, Path]) -> None:
    """There LISTEN works."""
    assert codes(environment(application(watched, session_pooler).url, certificates[1])) == {}

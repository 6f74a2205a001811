"""Retention by a running dispatcher: only the leader, with the rights that its login has; and it stops quickly."""

import os
from collections.abc import Iterator
from contextlib import closing

import pytest
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from dispatcher import db
from dispatcher.pipeline import retention
from dispatcher.telemetry.observations import (
    LeadershipChanged,
    MaintenanceHindered,
    PartitionDropped,
    PartitionKept,
    RetentionFinished,
    RowsPurged,
)
from tests.conftest import StartDispatcher
from tests.sql import steps
from tests.sql.steps import Session
from tests.support import postgres
from tests.support.days import add_day, ago, name_of
from tests.support.host import Host
from tests.support.rounds import GONE, WAITS, holds

LOGIN = f"ow_dispatcher_{os.getpid()}"


@pytest.fixture
def login(host: Host) -> Iterator[SecretStr]:
    """The URL of a login that may work as the dispatcher, and as nothing else."""
    host.rows(f"create role {LOGIN} login password 'login' in role outbound_webhooks_dispatcher")
    url = make_conninfo(host.url, user=LOGIN, password="login")
    yield SecretStr(postgres.to_url(url, host.connection.info.dbname))
    host.rows(f"drop role {LOGIN}")


@pytest.mark.usefixtures("patient")
async def test_by_the_leader(host: Host, dispatcher: StartDispatcher) -> None:
    """It begins with its leadership, whether or not delivery is on; the second dispatcher does nothing."""
    add_day(host, ago(host, 40), "events", "attempts")
    gone = steps.register(host)
    host.rows(
        "update outbound_webhooks.dispatchers set heartbeat_at = heartbeat_at - interval '31 days' where id = %s", gone
    )

    async with dispatcher(enabled=False) as leader, dispatcher(enabled=False) as other:
        await leader.count(RetentionFinished)

    assert leader.of(LeadershipChanged)[0].leading
    assert {seen.name for seen in leader.of(PartitionDropped)} == {
        name_of(parent, ago(host, 40)) for parent in ("events", "attempts")
    }
    assert leader.of(RowsPurged) == [RowsPurged("dispatchers", 1)]
    assert other.of(PartitionDropped) == []


async def test_it_stops_while_it_waits(
    host: Host, dispatcher: StartDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM during a wait for somebody's lock: the wait is broken off at once, on the server, too."""
    monkeypatch.setattr(db, "_OWNER_SESSION", "set lock_timeout = 0")
    add_day(host, ago(host, 40), "events")
    with closing(Session(host.url)) as reader:
        reader.rows("begin")
        reader.rows("select count(*) from outbound_webhooks.events")
        async with dispatcher(enabled=False) as seen:
            await holds(host, WAITS)
        await holds(host, GONE)
        assert seen.of(PartitionKept) == []
        reader.rows("commit")

    async with dispatcher(enabled=False) as seen:
        (found,) = await seen.count(PartitionDropped)

    assert found.name == name_of("events", ago(host, 40))


@pytest.mark.usefixtures("patient")
async def test_without_the_right(
    host: Host, dispatcher: StartDispatcher, login: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login that is no member of the owner delivers and purges; it says what to grant, and that mends it."""
    monkeypatch.setattr(retention, "ROUND_SECONDS", 0.1)
    add_day(host, ago(host, 40), "events")

    async with dispatcher(enabled=False, database_url=login) as seen:
        (first, *_) = await seen.count(MaintenanceHindered)
        before = seen.of(RetentionFinished)
        host.rows(first.reason.rpartition(": ")[2])
        await seen.count(PartitionDropped)

    assert first == MaintenanceHindered(
        "retention", f"{LOGIN} may not work as outbound_webhooks_owner: grant outbound_webhooks_owner to {LOGIN}"
    )
    assert before[0] == RetentionFinished(1)


async def test_without_the_right_and_nothing_to_do(host: Host, dispatcher: StartDispatcher, login: SecretStr) -> None:
    """Nothing is said as long as nothing is overdue: somebody else may do it."""
    async with dispatcher(enabled=False, database_url=login) as seen:
        await seen.count(RetentionFinished)

    assert seen.of(RetentionFinished) == [RetentionFinished(0)]
    assert seen.of(MaintenanceHindered) == []

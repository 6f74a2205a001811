"""Delivering dispatchers that were cut off or frozen until delivery counted as off: back again, they turn it on."""

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import trustme

from dispatcher.demo.receiver import Receiver
from dispatcher.pipeline import heartbeat
from dispatcher.telemetry.observations import BacklogTreated, Claimed
from tests.conftest import StartDispatcher
from tests.sql.interleaving import until
from tests.sql.steps import Session, register
from tests.support.host import Host
from tests.support.process import run_dispatcher
from tests.support.settings import environment

DELIVERING = "select delivering from outbound_webhooks.settings"
# Whether somebody waits for a lock of this process.
WAITS_FOR = "select count(*) > 0 from pg_stat_activity as a where %s = any (pg_blocking_pids(a.pid))"

# Whether this process waits for a lock.
WAITS = "select cardinality(pg_blocking_pids(%s)) > 0"


def begins_badly(line: dict[str, Any]) -> bool:
    """Whether a log line says that a dispatcher could not begin, or anything worse."""
    return line.get("task") == "begin" or line.get("level") == "error"


def eleven_minutes(host: Host, without: int) -> None:
    """Nobody delivers for 11 minutes, and a dispatcher without delivery finds that."""
    host.rows(
        "update outbound_webhooks.dispatchers set heartbeat_at = heartbeat_at - interval '11 minutes' where delivering"
    )
    host.rows("select outbound_webhooks.heartbeat(%s)", without)


async def test_it_turns_delivery_on_again(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """A heartbeat finds that delivery counts as off: what waits is treated, and it counts as on again."""
    endpoint = host.endpoint(receiver.url + "/")
    without = register(host, delivering=False)

    async with dispatcher(backlog="from-now") as seen:
        host.rows("select outbound_webhooks.pause_endpoint(%s, 'a test')", endpoint.id)
        host.pay()
        with host.connection.transaction():
            eleven_minutes(host, without)
            off = host.value(DELIVERING) is False
        (treated,) = await seen.count(BacklogTreated)
        on_again = host.value(DELIVERING)

    assert off
    assert treated == BacklogTreated("from-now", 1, 100)
    assert on_again is True
    assert receiver.received == []


async def test_nothing_is_claimed_before(
    host: Host, other: Session, receiver: Receiver, dispatcher: StartDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Back from 11 minutes: its claim waits for a heartbeat, which finds delivery off; what waited is not sent.

    It goes to claim while the outage is not committed yet: the heartbeat waits for that, and must not miss it.
    """
    monkeypatch.setattr(heartbeat, "HEARTBEAT_SECONDS", 3600.0)  # only the claim asks for one
    monkeypatch.setattr(heartbeat, "OVERDUE_SECONDS", 0.0)
    host.endpoint(receiver.url + "/")
    without = register(host, delivering=False)

    async with dispatcher(backlog="from-now") as seen:
        await seen.count(Claimed, 3)
        with host.connection.transaction():
            eleven_minutes(host, without)
            pid = host.connection.info.backend_pid
            await asyncio.to_thread(until, lambda: other.value(WAITS_FOR, pid) is True)
            for _ in range(3):
                host.pay()
        (treated,) = await seen.count(BacklogTreated)
        on_again = host.value(DELIVERING)

    assert treated.deliveries == 3
    assert on_again is True
    assert receiver.received == []


async def test_it_starts_though_the_server_ends_its_wait(
    host: Host, receiver: Receiver, certificates: tuple[trustme.CA, Path]
) -> None:
    """Somebody holds what it treats for longer than the server lets it wait: it tries again."""
    host.endpoint(receiver.url + "/")
    host.pay()
    host.rows(f"alter database {host.connection.info.dbname} set lock_timeout = '100ms'")

    async with run_dispatcher(environment(host.url, certificates[1])) as starting:
        with host.connection.transaction():
            host.rows("select from outbound_webhooks.deliveries for update")
            trouble = await starting.until(begins_badly)
        await starting.logged("attempt.succeeded")

    assert "55P03" in str(trouble["error"])
    assert len(receiver.received) == 1


async def test_it_starts_though_the_server_ends_a_deadlock(
    host: Host, other: Session, receiver: Receiver, certificates: tuple[trustme.CA, Path]
) -> None:
    """Somebody holds what it treats, and waits for what it holds: it gives way, and tries again.

    The server looks for a deadlock once in each wait. So the other one waits before its last wait begins: behind it,
    for what somebody else holds until both wait.
    """
    host.endpoint(receiver.url + "/")
    host.pay()
    host.rows(f"alter database {host.connection.info.dbname} set deadlock_timeout = '1s'")
    host.rows("set deadlock_timeout = '1h'")  # it is not the one that gives way
    settings = "select from outbound_webhooks.settings for update"

    with closing(Session(host.url)) as first:
        async with run_dispatcher(environment(host.url, certificates[1])) as starting:
            with host.connection.transaction():
                host.rows("select from outbound_webhooks.deliveries for update")
                with first.connection.transaction():
                    first.rows(settings)
                    pid = first.connection.info.backend_pid
                    await asyncio.to_thread(until, lambda: other.value(WAITS_FOR, pid) is True)
                    waiting = asyncio.create_task(asyncio.to_thread(host.rows, settings))
                    pid = host.connection.info.backend_pid
                    await asyncio.to_thread(until, lambda: other.value(WAITS, pid) is True)
                trouble = await starting.until(begins_badly)
                await waiting
            await starting.logged("attempt.succeeded")

    assert "40P01" in str(trouble["error"])
    assert len(receiver.received) == 1

"""Maintenance by the leader: partitions, sealing; and results that cannot be written."""

from contextlib import AsyncExitStack

import psycopg
import pytest

from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.observations import (
    AttemptFinished,
    DatabaseTrouble,
    LeadershipChanged,
    PartitionsMade,
    SecretsSealed,
)
from tests.conftest import StartDispatcher
from tests.support.days import ago, name_of
from tests.support.host import Host


def drop_partitions(host: Host, table: str) -> None:
    """Drop all daily partitions of a table."""
    for row in host.rows(
        "select inhrelid::regclass::text as name from pg_inherits"
        " where inhparent = ('outbound_webhooks.' || %s)::regclass",
        table,
    ):
        host.rows(f"drop table {row['name']}")


async def test_partitions_are_made_at_start(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """After a long time without a dispatcher no partition is left: it makes them before it claims anything."""
    host.endpoint(receiver.url + "/")
    tables = ("attempts", "finished_deliveries_done")
    for table in tables:
        drop_partitions(host, table)

    async with dispatcher(enabled=False) as seen:
        (made,) = await seen.count(PartitionsMade)

    assert sorted(made.names) == [name_of(table, ago(host, -n)) for table in tables for n in range(-1, 15)]


async def test_a_start_beside_a_locked_table(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """Partitions that cannot be made at the start, because somebody holds the lock, do not keep it from delivering."""
    host.endpoint(receiver.url + "/")
    drop_partitions(host, "finished_deliveries_dead")

    with psycopg.connect(host.url) as holder:
        holder.execute("lock table outbound_webhooks.finished_deliveries_dead in share update exclusive mode")
        async with dispatcher() as seen:
            host.pay()
            await seen.count(AttemptFinished)
            trouble = seen.of(DatabaseTrouble)
            holder.commit()
            await seen.count(PartitionsMade)

    assert {one.task for one in trouble} == {"maintenance"}


async def test_a_missing_partition_loses_no_result(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """A result that finds no partition is kept and written again until there is one; nothing is sent twice."""
    host.endpoint(receiver.url + "/")

    async with dispatcher() as seen:
        drop_partitions(host, "attempts")
        host.pay()
        await seen.until(lambda: any(trouble.task == "record" for trouble in seen.of(DatabaseTrouble)))
        host.rows("select outbound_webhooks.ensure_partitions()")
        await seen.count(AttemptFinished)

    assert len(receiver.received) == 1
    assert host.value("select count(*) from outbound_webhooks.attempts where outcome = 'succeeded'") == 1


async def test_keys_are_sealed(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """A signing key that was made or inserted in clear is sealed soon; deliveries verify before and after."""
    endpoint = host.endpoint(receiver.url + "/")
    receiver.keys["/"] = [endpoint.secret]

    async with dispatcher() as seen:
        host.pay()
        await seen.count(AttemptFinished, 1)
        await seen.count(SecretsSealed)
        host.pay()
        await seen.count(AttemptFinished, 2)
    (row,) = host.rows("select secret, sealed from outbound_webhooks.endpoint_secrets")

    assert [request.verified for request in receiver.received] == [True, True]
    assert row["secret"] is None
    assert str(row["sealed"]).startswith("v1.test.")
    assert endpoint.secret not in str(row)


@pytest.mark.usefixtures("host")
async def test_two_dispatchers_have_one_leader(dispatcher: StartDispatcher) -> None:
    """One of two leads; when it stops, the other one takes over."""
    async with AsyncExitStack() as stack:
        async with dispatcher() as first:
            second = await stack.enter_async_context(dispatcher())
            before = (first.of(LeadershipChanged), second.of(LeadershipChanged))
        await second.count(LeadershipChanged)

    assert before == ([LeadershipChanged(True)], [])
    assert second.of(LeadershipChanged)[0] == LeadershipChanged(True)


def test_partitions_are_made_once(database_url: str) -> None:
    """Two dispatchers that start at the same moment make the partitions one after the other, without a conflict."""
    with psycopg.connect(database_url) as one, psycopg.connect(database_url, autocommit=True) as other:
        one.execute("select outbound_webhooks.ensure_partitions(20)")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("select outbound_webhooks.ensure_partitions(20)")
        one.commit()
        made = other.execute("select count(*) from outbound_webhooks.ensure_partitions(20)").fetchone()

    assert made == (0,)

"""VACUUM by the leader: dead rows go while there is load; a transaction that keeps them makes it come more seldom."""

from functools import partial

import psycopg
import pytest

from dispatcher.db import as_owner
from dispatcher.pipeline import vacuum
from dispatcher.pipeline.vacuum import SHORTEST_PAUSE, Vacuum
from dispatcher.telemetry.observations import Observation, TableVacuumed
from tests.conftest import StartDispatcher
from tests.sql import steps
from tests.sql.steps import Session, emit
from tests.support.host import Host

ROWS = 300


@pytest.fixture
def loaded(host: Host, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host without autovacuum of deliveries, and few dead rows are worth a VACUUM."""
    monkeypatch.setattr(vacuum, "DEAD_ROWS", ROWS)
    host.rows("alter table outbound_webhooks.deliveries set (autovacuum_enabled = false)")
    steps.endpoint(host)
    return host


def kill_rows(host: Host) -> None:
    """Make deliveries, and as many dead rows of them; the statistics know it when this returns."""
    emit(host, ROWS)
    host.rows("delete from outbound_webhooks.deliveries")
    host.rows("select pg_stat_force_next_flush()")


async def rounds(host: Host, count: int = 1) -> tuple[Vacuum, list[TableVacuumed]]:
    """So many rounds, as if each were due; returns what they did."""
    owner, seen = partial(as_owner, host.url), list[Observation]()
    work = Vacuum(owner, owner, seen.append)
    for _ in range(count):
        await work.round()
        for pace in work._paces.values():
            pace.not_before = float("-inf")
    return work, [one for one in seen if isinstance(one, TableVacuumed)]


async def test_dead_rows_go(loaded: Host) -> None:
    """Once there are enough of them; then there is nothing to do."""
    few = await rounds(loaded)
    kill_rows(loaded)
    _, done = await rounds(loaded, 2)

    assert few[1] == []
    assert [(one.table, one.dead, one.left) for one in done] == [("deliveries", ROWS, 0)]


async def test_kept_by_a_transaction(loaded: Host, other: Session) -> None:
    """A snapshot that is older than the dead rows keeps them: that is seen, and the pauses grow; then they go."""
    other.rows("begin isolation level repeatable read")
    other.rows("select 1")
    kill_rows(loaded)
    work, in_vain = await rounds(loaded, 3)
    other.rows("commit")
    _, done = await rounds(loaded)

    assert [(one.table, one.left) for one in in_vain] == [("deliveries", ROWS)] * 3
    assert work._paces["deliveries"].pause == 8 * SHORTEST_PAUSE
    assert [one.left for one in done] == [0]


async def test_a_lock_is_not_waited_for(loaded: Host, other: Session) -> None:
    """A table that somebody has locked is passed over; autovacuum, for example."""
    kill_rows(loaded)
    other.rows("begin")
    other.rows("lock table outbound_webhooks.deliveries in share update exclusive mode")
    loaded.rows("set statement_timeout = '30s'")

    _, skipped = await rounds(loaded)

    assert [one.left for one in skipped] == [ROWS]


async def test_payments_go_on(loaded: Host, other: Session) -> None:
    """An open transaction that wrote a payment neither waits for it nor keeps it waiting."""
    kill_rows(loaded)
    with other.connection.transaction():
        other.pay()
        _, done = await rounds(loaded)
        other.pay()

    assert len(done) == 1
    assert loaded.value("select count(*) from outbound_webhooks.capture_errors") == 0


async def test_by_the_leader(loaded: Host, dispatcher: StartDispatcher) -> None:
    """A running dispatcher does it by itself."""
    kill_rows(loaded)

    async with dispatcher(enabled=False) as seen:
        (done,) = await seen.count(TableVacuumed)

    assert done.table == "deliveries"
    with psycopg.connect(loaded.url) as connection:
        row = connection.execute("select vacuum_count from pg_stat_user_tables where relname = 'deliveries'").fetchone()
    assert row == (1,)

"""What the doctor looks at over a connection: the objects' grants, the clock, and what keeps VACUUM from its work."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from dispatcher.demo import embedded
from dispatcher.examination import objects, server
from dispatcher.migrate import data_folder
from tests.sql.steps import Session
from tests.support.host import Host

NOW = timedelta(0)


@pytest.fixture
def plain(database_url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection as the doctor's own."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def test_every_grant_and_function_is_read(plain: psycopg.Connection[tuple[object, ...]]) -> None:
    """What the files are read for is all that the catalog has: each function, and each grant of ours on each object."""
    folder = data_folder()
    texts = [file.read_text() for file in (*folder.glob("migrations/[0-9]*.sql"), *folder.glob("sql_functions/*.sql"))]
    read = {grant for text in texts for grant in objects._granted(text)}
    catalog = plain.execute(
        "select count(*) from ("
        " select p.oid, a.grantee, a.privilege_type from pg_proc as p, aclexplode(p.proacl) as a"
        " where p.pronamespace = 'outbound_webhooks'::regnamespace and a.grantee <> p.proowner union all"
        " select c.oid, a.grantee, a.privilege_type from pg_class as c, aclexplode(c.relacl) as a"
        " where c.relnamespace = 'outbound_webhooks'::regnamespace and a.grantee <> c.relowner union all"
        " select c.oid, a.grantee, a.privilege_type from pg_attribute as t join pg_class as c on c.oid = t.attrelid,"
        " aclexplode(t.attacl) as a where c.relnamespace = 'outbound_webhooks'::regnamespace union all"
        " select n.oid, a.grantee, a.privilege_type from pg_namespace as n, aclexplode(n.nspacl) as a"
        " where n.nspname = 'outbound_webhooks' and a.grantee <> n.nspowner) as granted"
    ).fetchone()

    assert catalog == (len(read),)
    assert objects.look(plain, folder) == []


@pytest.mark.parametrize(
    ("ahead", "severity"), [(0, None), (4, None), (-4, None), (30, "warning"), (-30, "warning"), (300, "problem")]
)
def test_clock(plain: psycopg.Connection[tuple[object, ...]], ahead: int, severity: str | None) -> None:
    """A clock of this machine that is seconds off is nothing, one that is more a warning, one of minutes a problem."""
    found = list(server.clock(plain, lambda: datetime.now(UTC) + timedelta(seconds=ahead)))

    assert [(each.severity, each.code) for each in found] == ([(severity, "clock-skew")] if severity else [])
    assert all(f"by {abs(ahead)} s" in each.finding for each in found)


def test_open_transactions(well: Host, plain: psycopg.Connection[tuple[object, ...]]) -> None:
    """A transaction that is open for too long is named; ended, as the remedy does, there is nothing to say."""
    session = Session(well.url)
    process = session.value("select pg_backend_pid()")
    session.rows("begin")
    session.pay()
    found = list(server.vacuum(plain, NOW, server.MANY_TRANSACTIONS))
    long = list(server.vacuum(plain, server.LONG, server.MANY_TRANSACTIONS))
    kill = found[0].remedy.partition(", or: ")[2]
    well.rows(kill.replace(")", ", 60000)"))  # waits for its end
    session.close()

    assert [(each.severity, each.code) for each in found] == [("warning", "transaction-open")]
    assert f"process {process} (postgres, unnamed, idle in transaction)" in found[0].finding
    assert long == []
    assert list(server.vacuum(plain, NOW, server.MANY_TRANSACTIONS)) == []


def test_replication_slots(well: Host, plain: psycopg.Connection[tuple[object, ...]]) -> None:
    """A slot whose reader is away keeps dead rows; dropped, it does not."""
    well.rows("select pg_create_logical_replication_slot('forgotten', 'pgoutput')")
    try:
        found = list(server.vacuum(plain, server.LONG, 0))
        soon = list(server.vacuum(plain, server.LONG, server.MANY_TRANSACTIONS))
    finally:  # or the database cannot be dropped
        well.rows("select pg_drop_replication_slot('forgotten')")

    assert [(each.severity, each.code) for each in found] == [("warning", "slot-behind")]
    assert found[0].remedy.endswith("select pg_drop_replication_slot('forgotten')")
    assert found[0].finding.startswith("replication slot forgotten (not in use) is ")
    assert soon == []
    assert list(server.vacuum(plain, server.LONG, 0)) == []


def test_prepared_transactions() -> None:
    """A transaction that stands prepared, and that nobody ends."""
    settings = {**embedded.THROWAWAY, "max_prepared_transactions": "5"}
    with (
        embedded.run(embedded.wheel_programs(18), settings) as own,
        psycopg.connect(own.url(), autocommit=True) as connection,
    ):
        connection.execute("begin")
        connection.execute("create table things ()")
        connection.execute("prepare transaction 'an ''odd'' one'")
        found = list(server.vacuum(connection, NOW, server.MANY_TRANSACTIONS))
        long = list(server.vacuum(connection, server.LONG, server.MANY_TRANSACTIONS))
        connection.execute(found[0].remedy.partition("; or: ")[2].encode())
        after = list(server.vacuum(connection, NOW, server.MANY_TRANSACTIONS))

    assert [(each.severity, each.code) for each in found] == [("warning", "transaction-prepared")]
    assert found[0].finding.startswith("the transaction 'an ''odd'' one' stands prepared since ")
    assert long == after == []

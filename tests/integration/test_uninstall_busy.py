"""uninstall while the host works: no write fails; and where it cannot be done, nothing is removed."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest

from dispatcher.migrate import migrate, post_apply
from tests.sql.installing import Connection, outside, yoyo
from tests.sql.interleaving import until
from tests.support.cli import URL, Finished, cli
from tests.support.host import MAPPING, SCHEMA

ORDERS = "create table orders (id bigint generated always as identity primary key, clinic_id text, status text)"
PAY = "insert into payment_transactions (clinic_id) values ('clinic-1')"
ORDER = "insert into orders (clinic_id, status) values ('clinic-1', 'new')"
# What writers do, each in a transaction: in one order, as a host that would not run into deadlocks by itself does.
WORK = {
    "payments": [PAY],
    "orders": [ORDER],
    "both": [PAY, ORDER],
    "many": [PAY, "update payment_transactions set status = 'paid' where id % 7 = 0 and status = 'pending'", ORDER],
}
ENOUGH = 30  # transactions of each writer, before and after


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Connection]:
    """A superuser's connection to a database with two watched tables, one of them strict, and an endpoint."""
    migrate(empty_database_url)
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute((SCHEMA + ORDERS).encode())
        connection.execute("select outbound_webhooks.watch('payment_transactions', %s, p_strict => true)", (MAPPING,))
        connection.execute("select outbound_webhooks.watch('orders', '{}', 'order')")
        connection.execute("select outbound_webhooks.set_capture(true)")
        connection.execute("select outbound_webhooks.create_endpoint('clinic-1', 'https://clinic.example/')")
        yield connection


class Writer:
    """Does its work again and again, until it is stopped; a statement that fails ends it, and its error is kept."""

    def __init__(self, url: str, statements: list[str]) -> None:
        self.url = url
        self.statements = statements
        self.done = 0
        self.stop = threading.Event()

    def run(self) -> int:
        """Work; returns how many transactions it committed."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not self.stop.is_set():
                with connection.transaction():
                    for statement in self.statements:
                        connection.execute(statement.encode(), prepare=True)
                self.done += 1
        return self.done


def uninstall(url: str, *options: str) -> Finished:
    """Run it, without being asked."""
    return cli("uninstall", "--yes", *options, **{URL: url})


def test_no_write_fails(database: Connection, empty_database_url: str) -> None:
    """Writers of both tables, in transactions of one statement and of several, prepared: none notices."""
    writers = [Writer(empty_database_url, statements) for statements in WORK.values()]
    with ThreadPoolExecutor(len(writers)) as pool:
        running = [pool.submit(writer.run) for writer in writers]
        try:
            until(lambda: all(w.done > ENOUGH for w in writers) or any(call.done() for call in running))
            done = uninstall(empty_database_url, "--tries", "10")
            at = [writer.done for writer in writers]
            until(
                lambda: (
                    all(w.done > before + ENOUGH for w, before in zip(writers, at, strict=True))
                    or any(call.done() for call in running)
                )
            )
        finally:
            for writer in writers:
                writer.stop.set()
    committed = dict(zip(WORK, [call.result() for call in running], strict=True))

    assert (done.code, done.out.splitlines()[-1][:20]) == (0, "The five roles stay,"), done.err
    assert database.execute("select to_regnamespace('outbound_webhooks')").fetchone() == (None,)
    assert database.execute("select count(*) from payment_transactions").fetchone() == (
        sum(committed[name] for name in ("payments", "both", "many")),
    )
    assert database.execute("select count(*) from orders").fetchone() == (
        sum(committed[name] for name in ("orders", "both", "many")),
    )


@pytest.mark.parametrize("busy", ["orders", "outbound_webhooks.endpoints"])
def test_somebody_holds_a_lock(database: Connection, empty_database_url: str, busy: str) -> None:
    """Given up after some tries: who was in the way, with what; and everything is there as before, and works."""
    before = (outside(database), database.execute("select count(*) from pg_proc").fetchone())
    with psycopg.connect(empty_database_url, application_name="a report") as reader:
        reader.execute(f"select * from {busy}".encode())
        pid = reader.info.backend_pid
        done = uninstall(empty_database_url, "--tries", "2")
    database.execute(PAY)

    assert done.code == 2
    assert f"outbound-webhooks: {busy} is busy; try 2 of 2" in done.err
    assert f"{busy} was busy at each of 2 tries, and nothing was changed" in done.err
    assert f"pid {pid}, user postgres, application a report, idle in transaction" in done.err
    assert (outside(database), database.execute("select count(*) from pg_proc").fetchone()) == before
    assert database.execute("select count(*) from outbound_webhooks.events").fetchone() == (1,)
    assert uninstall(empty_database_url).code == 0


def test_a_view_of_the_hosts_depends_on_ours(database: Connection, empty_database_url: str) -> None:
    """It is named, and nothing is removed: what is the host's goes by its own hand only."""
    database.execute("create view our_deliveries as select id, state from outbound_webhooks.delivery_log")

    done = uninstall(empty_database_url)
    there = database.execute("select count(*) from our_deliveries").fetchone()
    database.execute("drop view our_deliveries")

    assert done.code == 2
    assert "view our_deliveries depends on view outbound_webhooks.delivery_log" in done.err
    assert "nothing was removed" in done.err
    assert there == (0,)
    assert uninstall(empty_database_url).code == 0


def test_a_migration_is_running(database: Connection, empty_database_url: str) -> None:
    """yoyo's lock is held: it says so, and removes nothing."""
    database.execute("insert into yoyo_lock (locked, ctime, pid) values (1, now(), 4711)")

    done = uninstall(empty_database_url)
    database.execute("delete from yoyo_lock")

    assert done.code == 2
    assert "another migration is running" in done.err
    assert database.execute("select count(*) from outbound_webhooks.endpoints").fetchone() == (1,)


def test_a_newer_release_is_installed(database: Connection, empty_database_url: str) -> None:
    """This program does not know what a newer one made: it refuses."""
    database.execute("update outbound_webhooks.schema_bundle set migrations = migrations || '{9999_later}'")

    done = uninstall(empty_database_url)

    assert done.code == 2
    assert "ahead of this program" in done.err
    assert database.execute("select count(*) from outbound_webhooks.endpoints").fetchone() == (1,)


def test_a_table_of_somebody_else(database: Connection, empty_database_url: str) -> None:
    """Who may not drop a table's trigger is told which table it is, before anything is done."""
    with ExitStack() as stack:
        database.execute("create role ow_clerk login")
        stack.callback(database.execute, "drop role ow_clerk")
        database.execute("grant outbound_webhooks_owner to ow_clerk")
        stack.callback(database.execute, "revoke outbound_webhooks_owner from ow_clerk")
        done = uninstall(empty_database_url.replace("postgres@", "ow_clerk@"))

    assert done.code == 2
    assert "ow_clerk may not drop the triggers on orders, payment_transactions" in done.err
    assert database.execute("select count(*) from outbound_webhooks.endpoints").fetchone() == (1,)


def test_after_the_rollback_of_the_functions(database: Connection, empty_database_url: str) -> None:
    """Who began with yoyo may go on with uninstall."""
    yoyo(empty_database_url, "rollback", "--batch", "--revision", post_apply().migrations()[-1])

    done = uninstall(empty_database_url)

    assert (done.code, done.err) == (0, "")
    assert database.execute("select to_regnamespace('outbound_webhooks')").fetchone() == (None,)

"""The rollback that takes the triggers off watched tables, against writers in a named order: no write ever fails."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, closing
from typing import Any

import psycopg
import pytest

from dispatcher.migrate import migrate
from tests.sql.installing import outside
from tests.sql.interleaving import background, until_blocked
from tests.sql.steps import Session
from tests.support.host import MAPPING, SCHEMA
from tests.support.process import ROOT

(ROLLBACK,) = [
    file.read_bytes()
    for file in (ROOT / "migrations").glob("*_functions.rollback.sql")
]  # fmt: skip
# It waits for the first lock for 2 s. Where a test has it wait, that is for what the test does meanwhile.
PATIENT = ROLLBACK.replace(b"lock_timeout = '2s'", b"lock_timeout = '60s'", 1)
ORDERS = "create table orders (id bigint generated always as identity primary key, clinic_id text, status text)"
PAY = "insert into payment_transactions (clinic_id) values ('clinic-1')"
ORDER = "insert into orders (clinic_id, status) values ('clinic-1', 'new')"
TRIGGERS = "select count(*) from pg_trigger where tgname like '00_outbound%'"

Connect = Callable[[], Session]


@pytest.fixture
def connect(empty_database_url: str) -> Iterator[Connect]:
    """Opens sessions on a database with two watched tables, capture on, and an endpoint."""
    migrate(empty_database_url)
    with ExitStack() as opened:
        first = opened.enter_context(closing(Session(empty_database_url)))
        first.connection.execute((SCHEMA + ORDERS).encode())
        first.rows("select outbound_webhooks.watch('payment_transactions', %s)", MAPPING)
        first.rows("select outbound_webhooks.watch('orders', '{}', 'order')")
        first.rows("select outbound_webhooks.set_capture(true)")
        first.rows("select outbound_webhooks.create_endpoint('clinic-1', 'https://clinic.example/')")
        yield lambda: opened.enter_context(closing(Session(empty_database_url)))


def roll_back(session: Session, script: bytes = ROLLBACK) -> None:
    """Run the rollback file, in the transaction that is open or in one of its own."""
    with session.connection.transaction():
        session.connection.execute(script)


@pytest.mark.parametrize("prepared", [False, True])
@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_a_write_that_waits(connect: Connect, prepared: bool, isolation: str) -> None:
    """Triggers and functions go in an open transaction: a write waits, goes on after it, and is not captured."""
    remover, writer, observer = connect(), connect(), connect()
    writer.rows(f"set default_transaction_isolation = '{isolation}'")
    if prepared:
        writer.rows(f"prepare pay as {PAY}")
        for _ in range(6):
            writer.rows("execute pay")
    events = observer.value("select count(*) from outbound_webhooks.events")

    with background() as running:
        with remover.connection.transaction():
            roll_back(remover)
            call = running.submit(writer.rows, "execute pay" if prepared else PAY)
            until_blocked(observer, writer, call)
        call.result(timeout=60)

    assert observer.value("select count(*) from payment_transactions") == (7 if prepared else 1)
    assert observer.value("select count(*) from outbound_webhooks.events") == events
    assert observer.value(TRIGGERS) == 0


def test_a_transaction_that_was_there_first(connect: Connect) -> None:
    """A transaction that wrote a payment goes on: the rollback waits for its end, and all of it is captured."""
    remover, writer, observer = connect(), connect(), connect()
    remover.rows("set deadlock_timeout = '60s'")  # else it waits no longer for what the writer is about to let go
    with background() as running:
        with writer.connection.transaction():
            writer.rows(PAY)
            call = running.submit(roll_back, remover, PATIENT)
            until_blocked(observer, remover, call)
            writer.rows(PAY)
            writer.rows(ORDER)
        call.result(timeout=60)

    assert observer.value("select count(*) from outbound_webhooks.events") == 3
    assert observer.value(TRIGGERS) == 0


def test_a_deadlock_is_never_the_writers(connect: Connect) -> None:
    """The rollback has one table, a writer the other one, and each waits for the other: the rollback gives up.

    A reader makes the rollback wait for payments, which it locks first as they are in use; meanwhile the writer begins
    with orders and goes on to payments. When the reader ends, each of the two has what the other one wants.
    """
    remover, writer, reader, observer = connect(), connect(), connect(), connect()
    for session in (remover, writer):  # both keep to it: the longer it is, the less depends on a machine's moods
        session.rows("set deadlock_timeout = '10s'")
    before = catalog(observer)
    with background() as removing, background() as writing, writer.connection.transaction():
        with reader.connection.transaction():
            reader.rows("select * from payment_transactions")
            removal = removing.submit(roll_back, remover, PATIENT)
            until_blocked(observer, remover, removal)
            writer.rows(ORDER)
            write = writing.submit(writer.rows, PAY)
            until_blocked(observer, writer, write)
        gave_up = error_of(removal)
        write.result(timeout=60)

    assert gave_up is not None
    assert gave_up.sqlstate == "55P03"
    assert "lock table only orders in access exclusive mode" in str(gave_up.diag.context)
    assert catalog(observer) == before
    assert observer.value("select count(*) from outbound_webhooks.events") == 2
    assert observer.value("select count(*) from outbound_webhooks.capture_errors") == 0


@pytest.mark.parametrize(
    "holds", ["payment_transactions", "orders", "outbound_webhooks.deliveries", "outbound_webhooks.settings"]
)
def test_somebody_holds_a_lock(connect: Connect, holds: str) -> None:
    """A table that is read in an open transaction: nothing was removed, and payments are captured as before."""
    remover, reader, observer = connect(), connect(), connect()
    before = catalog(observer)
    with reader.connection.transaction():
        reader.rows(f"select * from {holds}")
        with pytest.raises(psycopg.errors.LockNotAvailable) as caught:
            roll_back(remover)
        observer.rows(PAY)

    assert f"lock table only {holds} in" in str(caught.value.diag.context)
    assert catalog(observer) == before
    assert observer.value("select count(*) from outbound_webhooks.events") == 1
    assert observer.value("select count(*) from outbound_webhooks.capture_errors") == 0


def test_a_partition_comes_with_its_table(connect: Connect) -> None:
    """A watched partitioned table: a writer in one of its partitions is waited for as one in the table itself."""
    remover, writer, observer = connect(), connect(), connect()
    observer.connection.execute(
        "create table parts (id bigint, clinic_id text, status text) partition by list (clinic_id);"
        "create table part_1 partition of parts for values in ('clinic-1')"
    )
    observer.rows("select outbound_webhooks.watch('parts', '{}', 'part')")
    with writer.connection.transaction():
        writer.rows("insert into part_1 values (1, 'clinic-1', 'new')")
        with pytest.raises(psycopg.errors.LockNotAvailable) as caught:
            roll_back(remover)
    roll_back(remover)

    # A write to a partition looks at its parent, too.
    assert re.search(r"lock table only (part_1|parts) in", str(caught.value.diag.context))
    assert observer.value(TRIGGERS) == 0


def catalog(observer: Session) -> tuple[set[str], object]:
    """What there is: outside our schema, and how many functions of ours."""
    with psycopg.connect(observer.url) as connection:
        return outside(connection), observer.value(
            "select count(*) from pg_proc where pronamespace = 'outbound_webhooks'::regnamespace"
        )


def error_of(call: "Future[Any]") -> psycopg.Error | None:
    """The database's error that a call ended with."""
    error = call.exception(timeout=60)
    assert error is None or isinstance(error, psycopg.Error)
    return error

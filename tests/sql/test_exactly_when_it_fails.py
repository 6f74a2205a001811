"""What is emitted is exactly what committed, when parts of a transaction, or all of it, are rolled back."""

import psycopg
import pytest

from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until, until_blocked
from tests.sql.journal import Journal
from tests.support.host import CLINIC, Host

SET = "update payment_transactions set status = %s where id = %s"


def test_savepoints(host: Host, journal: Journal) -> None:
    """Savepoints in savepoints, rolled back and released: a released one goes with the one around it."""
    payment = host.pay()
    for statement in (
        "begin",
        "savepoint a",
        "update payment_transactions set status = 'paid'",
        "savepoint b",
        "insert into payment_transactions (clinic_id) values ('clinic-1')",
        "update payment_transactions set status = 'failed'",
        "rollback to savepoint b",
        "update payment_transactions set refunded_cents = 5",
        "release savepoint a",
        "savepoint c",
        "update payment_transactions set status = 'refunded'",
        "savepoint d",
        "insert into payment_transactions (clinic_id) values ('clinic-1')",
        "release savepoint d",
        "rollback to savepoint c",
        "commit",
    ):
        host.rows(statement)

    assert journal.check() == {str(payment): ["created pending", "pending > paid", "refunded 0 > 5"]}


def test_exception_blocks(host: Host, journal: Journal) -> None:
    """A function of the host that catches errors: what it did before the error in a block is undone, the rest stays."""
    host.rows(
        "do $$ begin"
        " insert into payment_transactions (id, clinic_id) overriding system value values (1, 'clinic-1');"
        " for n in 1..3 loop begin"
        "   update payment_transactions set status = case n when 2 then 'paid' else 'failed' end::payment_status;"
        "   insert into payment_transactions (id, clinic_id) overriding system value"
        "     values (n + 10, 'clinic-1'), (n % 2, 'clinic-1');"  # the key 1 is taken
        " exception when unique_violation then null; end; end loop;"
        " end $$"
    )

    assert journal.check() == {
        "1": ["created pending", "pending > paid"], "12": ["created pending"], "0": ["created pending"],
    }  # fmt: skip


def test_a_procedure_that_commits(host: Host, journal: Journal) -> None:
    """Transactions inside of one CALL: each commit is its own, and so is what is rolled back between them."""
    payment = host.pay()
    host.rows(
        "create procedure settle() language plpgsql as $$ begin"
        " update payment_transactions set status = 'paid'; commit;"
        " update payment_transactions set status = 'failed'; rollback;"
        " update payment_transactions set refunded_cents = 5; commit;"
        " update payment_transactions set refunded_cents = 6; raise exception 'no'; end $$"
    )
    with pytest.raises(psycopg.errors.RaiseException):
        host.rows("call settle()")

    assert journal.check() == {str(payment): ["created pending", "pending > paid", "refunded 0 > 5"]}


def test_a_constraint_that_fails_at_commit(host: Host, journal: Journal) -> None:
    """Every statement went well, and the COMMIT fails: nothing is emitted of it; corrected in time, all of it."""
    host.rows(
        "alter table payment_transactions add column reference integer,"
        " add unique (reference) deferrable initially deferred"
    )
    payment = host.pay()
    statement = "insert into payment_transactions (clinic_id, reference) values (%s, 1), (%s, 1)"

    host.rows("begin")
    host.rows(statement, CLINIC, CLINIC)
    host.rows(SET, "paid", payment)
    with pytest.raises(psycopg.errors.UniqueViolation):
        host.rows("commit")
    with host.connection.transaction():
        host.rows(statement, CLINIC, CLINIC)
        host.rows("update payment_transactions set reference = id")

    assert [*journal.check().values()] == [["created pending"]] * 3


SLEEP = "begin if {}.id = 2 then perform pg_sleep(600); end if; return null; end"
SLOW = {
    "the host's trigger": f"create function slow() returns trigger language plpgsql as $$ {SLEEP.format('new')} $$;"
    " create trigger zz_slow after update on payment_transactions for each row execute function slow()",
    "our trigger": "create or replace function outbound_webhooks.payload_payment_transactions("
    f"payment anyelement, previous json default null) returns json language plpgsql as $$ {SLEEP.format('payment')} $$",
}


@pytest.mark.parametrize("slow", SLOW.values(), ids=SLOW)
def test_a_statement_timeout(host: Host, journal: Journal, slow: str) -> None:
    """guarantees.md, what a trigger cannot catch: it ends the statement, even if it strikes in our trigger.

    The statement is undone as a whole, also for the rows that were captured before; it is no failed capture.
    """
    payments = [str(host.pay()), str(host.pay())]
    host.rows(slow)
    host.rows("set statement_timeout = '1s'")  # the first row is captured by then

    with pytest.raises(psycopg.errors.QueryCanceled):
        host.rows("update payment_transactions set status = 'paid'")
    host.rows("reset statement_timeout")

    assert payments[1] == "2"
    assert journal.check() == {payment: ["created pending"] for payment in payments}


@pytest.mark.parametrize("end", ["pg_cancel_backend", "pg_terminate_backend"])
def test_ended_from_outside(host: Host, journal: Journal, connect: Connect, end: str) -> None:
    """A query is cancelled, a session is killed: in a transaction that has captured, and waits for a lock."""
    first, second = host.pay(), host.pay()
    locker, writer = connect(), connect()

    def write() -> None:
        with writer.connection.transaction():
            writer.pay()
            writer.rows(SET, "paid", first)
            writer.rows(SET, "paid", second)

    with background() as running, locker.connection.transaction():
        locker.rows("select from payment_transactions where id = %s for update", second)
        writing = running.submit(write)
        until_blocked(host, writer, writing)
        host.rows(f"select {end}(%s)", writer.connection.info.backend_pid)
        with pytest.raises((psycopg.errors.QueryCanceled, psycopg.errors.AdminShutdown)):
            writing.result(timeout=60)

    assert journal.check() == {str(first): ["created pending"], str(second): ["created pending"]}


def test_a_cancelled_part(host: Host, journal: Journal, connect: Connect) -> None:
    """A statement that was cancelled inside of a savepoint: the transaction goes on, and the rest of it is told."""
    payment, other = host.pay(), connect()
    pid = host.connection.info.backend_pid

    def cancel() -> None:
        until(lambda: other.value("select wait_event from pg_stat_activity where pid = %s", pid) == "PgSleep")
        other.rows("select pg_cancel_backend(%s)", pid)

    with background() as running, host.connection.transaction():
        host.rows(SET, "paid", payment)
        cancelling = running.submit(cancel)
        with pytest.raises(psycopg.errors.QueryCanceled), host.connection.transaction():
            host.rows("do $$ begin update payment_transactions set status = 'failed'; perform pg_sleep(600); end $$")
        cancelling.result(timeout=60)
        host.rows("update payment_transactions set refunded_cents = 5")

    assert journal.check() == {str(payment): ["created pending", "pending > paid", "refunded 0 > 5"]}

"""What is emitted is exactly what committed, when transactions meet: serialization failures, deadlocks, retries."""

import psycopg
import pytest
from psycopg import IsolationLevel

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.journal import Journal, emitted
from tests.sql.steps import Session
from tests.support.host import Host

SET = "update payment_transactions set status = %s where id = %s"


def isolated(connect: Connect, level: IsolationLevel) -> Session:
    """A session whose transactions have an isolation level."""
    session = connect()
    session.connection.isolation_level = level
    return session


def test_a_serialization_failure(host: Host, journal: Journal, connect: Connect) -> None:
    """SERIALIZABLE: A and B read all, each changes a row, A commits, B's COMMIT fails, B tries again."""
    a, b = (isolated(connect, IsolationLevel.SERIALIZABLE) for _ in range(2))
    first, second = host.pay(), host.pay()
    paid = "select count(*) from payment_transactions where status = 'paid'"

    b.rows("begin isolation level serializable")
    b.value(paid)
    with a.connection.transaction():
        a.value(paid)
        a.rows(SET, "paid", first)
        b.rows(SET, "paid", second)
    with pytest.raises(psycopg.errors.SerializationFailure):
        b.rows("commit")
    with b.connection.transaction():
        b.rows(SET, "failed" if b.value(paid) else "paid", second)

    assert journal.check() == {
        str(first): ["created pending", "pending > paid"],
        str(second): ["created pending", "pending > failed"],
    }


def test_captures_do_not_conflict(host: Host, journal: Journal, connect: Connect) -> None:
    """SERIALIZABLE: what our triggers read and write makes no two payments depend on each other."""
    sessions = [connect() for _ in range(4)]
    for session in sessions:
        session.rows("begin isolation level serializable")
    for _ in range(2):
        for session in sessions:
            session.pay()
    for session in sessions:
        session.rows("commit")

    assert len(journal.check()) == 8


def test_repeatable_read(host: Host, journal: Journal, connect: Connect) -> None:
    """REPEATABLE READ: B waits for A's row, A commits, B fails and tries again: one change of A, one of B."""
    a, b = (isolated(connect, IsolationLevel.REPEATABLE_READ) for _ in range(2))
    payment = host.pay()

    def settle() -> None:
        with b.connection.transaction():
            b.pay()
            b.rows(SET, "failed", payment)

    with background() as running:
        with a.connection.transaction():
            a.rows(SET, "paid", payment)
            attempt = running.submit(settle)
            until_blocked(host, b, attempt)
        with pytest.raises(psycopg.errors.SerializationFailure):
            attempt.result(timeout=60)
    settle()

    assert [*journal.check().values()] == [["created pending", "pending > paid", "paid > failed"], ["created pending"]]


@pytest.mark.parametrize(
    ("level", "told"),
    [(IsolationLevel.READ_COMMITTED, 1), (IsolationLevel.REPEATABLE_READ, 0), (IsolationLevel.SERIALIZABLE, 0)],
)
def test_an_endpoint_newer_than_the_snapshot(host: Host, connect: Connect, level: IsolationLevel, told: int) -> None:
    """guarantees.md, which endpoints: those that the writing statement sees; in a snapshot, those of the snapshot."""
    writer = isolated(connect, level)
    with writer.connection.transaction():
        writer.rows("select from payment_transactions")
        steps.endpoint(host)
        writer.pay()

    assert len(emitted(host)) == told


def test_a_deadlock(host: Host, journal: Journal, connect: Connect) -> None:
    """A has the first row, B the second, each wants the other: B is the victim, A commits, B tries again.

    Nothing of B's first attempt is told, also not the payment it made before; in the end both are.
    """
    survivor, victim = connect(), connect()
    survivor.rows("set deadlock_timeout = '60s'")
    victim.rows("set deadlock_timeout = '10ms'")
    first, second = host.pay(), host.pay()

    with background() as running:
        for session in (survivor, victim):
            session.rows("begin")
        survivor.rows(SET, "paid", first)
        victim.pay()
        victim.rows(SET, "failed", second)
        waiting = running.submit(survivor.rows, SET, "paid", second)
        until_blocked(host, survivor, waiting)
        with pytest.raises(psycopg.errors.DeadlockDetected):
            victim.rows(SET, "failed", first)
        victim.rows("rollback")
        waiting.result(timeout=60)
        survivor.rows("commit")
    before = journal.check()
    with victim.connection.transaction():
        victim.rows(SET, "failed", first)
        victim.rows(SET, "failed", second)

    assert before == {str(payment): ["created pending", "pending > paid"] for payment in (first, second)}
    assert journal.check() == {payment: [*told, "paid > failed"] for payment, told in before.items()}

"""What is emitted is exactly what committed, statement by statement: whatever way a host has of writing its rows."""

import psycopg
import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.journal import Journal
from tests.support.host import CLINIC, Host


def pay(host: Host, count: int) -> list[str]:
    """Insert payments; returns their ids, as events say them."""
    return [str(host.pay()) for _ in range(count)]


def copy_in(host: Host, *statuses: str) -> None:
    """COPY payments into the table."""
    with host.connection.cursor().copy("copy payment_transactions (clinic_id, status) from stdin") as copy:
        for status in statuses:
            copy.write_row((CLINIC, status))


def test_copy(host: Host, journal: Journal) -> None:
    """guarantees.md, captured row by row: COPY. Of a COPY that fails at its last row there is nothing."""
    copy_in(host, "pending", "paid", "paid")
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        copy_in(host, "pending", "no such status")

    assert [*journal.check().values()] == [["created pending"], ["created paid"], ["created paid"]]


def test_many_rows_at_once(host: Host, journal: Journal) -> None:
    """guarantees.md, captured row by row: an insert of many rows, and one of the table's rows into itself."""
    host.rows(
        "insert into payment_transactions (clinic_id, status) values (%s, 'pending'), (%s, 'paid'), (%s, 'failed')",
        CLINIC, CLINIC, CLINIC,
    )  # fmt: skip
    host.rows("insert into payment_transactions (clinic_id, status) select clinic_id, status from payment_transactions")

    assert [*journal.check().values()] == [["created pending"], ["created paid"], ["created failed"]] * 2


def test_on_conflict(host: Host, journal: Journal) -> None:
    """guarantees.md, captured row by row: both branches of `on conflict do update` in one statement, and `do nothing`.

    A row that the update's own WHERE leaves alone is not changed.
    """
    paid, left_alone = pay(host, 2)
    upsert = (
        "insert into payment_transactions as t (id, clinic_id, status) overriding system value"
        " values (%s, %s, 'paid'), (%s, %s, 'failed'), (100, %s, 'paid') on conflict (id) do "
    )
    values = (paid, CLINIC, left_alone, CLINIC, CLINIC)

    host.rows(upsert + "update set status = excluded.status where excluded.status <> 'failed'", *values)
    host.rows(upsert + "nothing", *values)

    assert journal.check() == {
        paid: ["created pending", "pending > paid"],
        left_alone: ["created pending"],
        "100": ["created paid"],
    }


@pytest.mark.parametrize("first_commits", [True, False])
def test_on_conflict_with_another_session(
    host: Host, journal: Journal, connect: Connect, *, first_commits: bool
) -> None:
    """A inserts, B's upsert of the same key waits; if A commits, B updates, and if A rolls back, B inserts."""
    a, b = connect(), connect()
    upsert = (
        "insert into payment_transactions (id, clinic_id, status) overriding system value values (7, %s, %s)"
        " on conflict (id) do update set status = excluded.status"
    )
    with background() as running:
        with a.connection.transaction(force_rollback=not first_commits):
            a.rows(upsert, CLINIC, "pending")
            second = running.submit(b.rows, upsert, CLINIC, "paid")
            until_blocked(host, b, second)
        second.result(timeout=60)

    assert journal.check() == {"7": ["created pending", "pending > paid"] if first_commits else ["created paid"]}


def test_merge(host: Host, journal: Journal) -> None:
    """guarantees.md, captured row by row: MERGE that updates, deletes, inserts and does nothing in one statement."""
    paid, deleted, kept = pay(host, 3)
    host.rows(
        "merge into payment_transactions as t"
        " using (values (%s, 'paid'), (%s, 'failed'), (%s, 'pending'), (100, 'paid')) as s (id, status)"
        " on t.id = s.id::bigint"
        " when matched and s.status = 'failed' then delete"
        " when matched and s.status = 'paid' then update set status = 'paid', refunded_cents = 5"
        " when matched then do nothing"
        " when not matched then insert (id, clinic_id, status) overriding system value"
        " values (s.id::bigint, %s, s.status::payment_status)",
        paid, deleted, kept, CLINIC,
    )  # fmt: skip

    assert journal.check() == {
        paid: ["created pending", "pending > paid", "refunded 0 > 5"],
        deleted: ["created pending"],
        kept: ["created pending"],
        "100": ["created paid"],
    }


def test_a_hundred_thousand_rows(host: Host) -> None:
    """One UPDATE of 100,000 rows, half of which change their status: exactly those."""
    host.rows("insert into payment_transactions (clinic_id) select %s from generate_series(1, 100000)", CLINIC)
    steps.endpoint(host)
    journal = Journal(host, "payment_transactions")

    host.rows(
        "update payment_transactions"
        " set internal_note = 'seen', status = case when id %% 2 = 0 then 'paid' else status::text end::payment_status"
        " where %s <> ''",
        CLINIC,
    )
    events = journal.check()

    assert len(journal.changes) == 100_000
    assert events == {str(payment): ["pending > paid"] for payment in range(2, 100_001, 2)}


def test_update_from(host: Host, journal: Journal) -> None:
    """guarantees.md, captured row by row: UPDATE ... FROM changes a row once, however many rows it meets."""
    once, twice, never = pay(host, 3)
    host.rows("create table answers (payment bigint, status payment_status)")
    host.rows("insert into answers values (%s, 'paid'), (%s, 'failed'), (%s, 'failed')", once, twice, twice)

    host.rows("update payment_transactions as t set status = a.status from answers as a where a.payment = t.id")

    assert journal.check() == {
        once: ["created pending", "pending > paid"],
        twice: ["created pending", "pending > failed"],
        never: ["created pending"],
    }


def test_writable_ctes(host: Host, journal: Journal) -> None:
    """guarantees.md, captured row by row: writable CTEs; they see the same snapshot, and a row changes once."""
    paid, deleted = pay(host, 2)
    host.rows(
        "with a as (insert into payment_transactions (id, clinic_id) overriding system value values (100, %s)),"
        " b as (update payment_transactions set status = 'paid' where id in (%s, 100) returning id),"
        " c as (delete from payment_transactions where id = %s)"
        " update payment_transactions set status = 'failed' where id in (select id from b)",
        CLINIC, paid, deleted,
    )  # fmt: skip

    assert journal.check() == {
        paid: ["created pending", "pending > paid"],
        deleted: ["created pending"],
        "100": ["created pending"],
    }


def test_delete_and_truncate(host: Host, journal: Journal) -> None:
    """guarantees.md, not captured: DELETE and TRUNCATE make no event; what was told before stays told."""
    (payment,) = pay(host, 1)
    host.rows("delete from payment_transactions")
    (truncated,) = pay(host, 1)
    host.rows("truncate payment_transactions")

    assert journal.check() == {payment: ["created pending"], truncated: ["created pending"]}
    assert [change.kind for change in journal.changes] == ["insert", "delete", "insert", "truncate"]


def test_where_current_of(host: Host, journal: Journal) -> None:
    """guarantees.md, captured row by row: a cursor that updates one of the rows it walks over."""
    payments = pay(host, 3)
    with host.connection.transaction():
        host.rows("declare walk cursor for select id from payment_transactions order by id for update")
        for _ in payments[:2]:
            host.rows("fetch walk")
        host.rows("update payment_transactions set status = 'paid' where current of walk")

    assert journal.check()[payments[1]] == ["created pending", "pending > paid"]


def test_a_prepared_statement_after_add_column(host: Host, journal: Journal, connect: Connect) -> None:
    """guarantees.md, captured row by row: a pooled session's prepared statement, after another one added a column."""
    pooled = connect()
    (payment,) = pay(pooled, 1)
    pooled.rows("prepare set_status (payment_status) as update payment_transactions set status = $1")

    pooled.rows("execute set_status ('paid')")
    host.rows("alter table payment_transactions add column note text default 'x', drop column internal_note")
    pooled.rows("execute set_status ('failed')")
    pooled.rows("insert into payment_transactions (clinic_id, note) values (%s, 'new')", CLINIC)

    assert [*journal.check().values()] == [
        ["created pending", "pending > paid", "paid > failed"],
        ["created pending"],
    ]
    assert payment in journal.check()

"""What is emitted is exactly what committed, when something else writes the rows: a view, a rule, a foreign key's
cascade, a generated column, a move between partitions; and the rows that are there without having been written.
"""

import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.journal import Journal, emitted, words
from tests.support.host import CLINIC, Host

WATCH = "select outbound_webhooks.watch(%s, p_resource => %s)"


def test_an_updatable_view(host: Host, journal: Journal) -> None:
    """guarantees.md, captured row by row: writes through a view that PostgreSQL itself makes updatable."""
    host.rows(
        "create view open_payments as select id, clinic_id, status from payment_transactions where status <> 'failed'"
    )

    host.rows("insert into open_payments (clinic_id) values (%s)", CLINIC)
    host.rows("insert into open_payments (clinic_id, status) values (%s, 'failed')", CLINIC)
    host.rows("update open_payments set status = 'paid'")

    assert [*journal.check().values()] == [["created pending", "pending > paid"], ["created failed"]]


def test_rules_and_instead_of(host: Host, journal: Journal) -> None:
    """guarantees.md, captured row by row: what a rule or an INSTEAD OF trigger of a view makes of a write."""
    payment = str(host.pay())
    host.rows("create view requests as select id as payment, status as wish from payment_transactions")
    host.rows(
        "create rule ask as on update to requests do instead"
        " update payment_transactions set status = new.wish where id = new.payment"
    )
    host.rows("create view answers as select id as payment, status from payment_transactions")
    host.rows(
        "create function answer() returns trigger language plpgsql as $$ begin"
        " update payment_transactions set refunded_cents = 5 where id = new.payment; return new; end $$"
    )
    host.rows("create trigger answer instead of update on answers for each row execute function answer()")

    host.rows("update requests set wish = 'paid'")
    host.rows("update answers set status = 'failed'")
    host.rows("create rule mute as on update to payment_transactions where new.status = 'failed' do instead nothing")
    host.rows("update payment_transactions set status = 'failed'")

    assert journal.check() == {payment: ["created pending", "pending > paid", "refunded 0 > 5"]}


def test_foreign_keys(host: Host, journal: Journal) -> None:
    """guarantees.md, captured row by row: what `on update cascade` and `on delete set default` write into the table."""
    host.rows("create table states (name text primary key)")
    host.rows("insert into states values ('pending'), ('open'), ('closed')")
    host.rows(
        "alter table payment_transactions alter column status drop default, alter column status type text,"
        " alter column status set default 'pending',"
        " add foreign key (status) references states on update cascade on delete set default"
    )
    first, second = str(host.pay()), str(host.pay())
    host.rows("update payment_transactions set status = 'closed' where id = %s", second)

    host.rows("update states set name = 'paid' where name = 'closed'")
    host.rows("delete from states where name = 'paid'")

    assert journal.check() == {
        first: ["created pending"],
        second: ["created pending", "pending > closed", "closed > paid", "paid > pending"],
    }


def test_a_stored_generated_column(host: Host) -> None:
    """guarantees.md, captured row by row: a status that is generated, and stored, from columns that are not watched.

    Logical decoding leaves generated columns out: here the table itself is the witness, read after each commit.
    """
    steps.endpoint(host)
    host.rows(
        "create table charges (id bigint primary key, clinic_id text, paid_at timestamptz,"
        " status text generated always as (case when paid_at is null then 'pending' else 'paid' end) stored)"
    )
    host.rows(WATCH, "charges", "charge")
    seen = []
    for statement in (
        "insert into charges (id, clinic_id) values (1, 'clinic-1')",
        "update charges set paid_at = now()",
        "update charges set paid_at = now() + interval '1 day'",
        "update charges set paid_at = null",
    ):
        host.rows(statement)
        seen.append(host.value("select status from charges"))

    told = [(body["data"]["status"], body["data"]["previous"]) for body in steps.bodies(host)]

    assert seen == ["pending", "paid", "paid", "pending"]
    assert told == [("pending", None), ("paid", {"status": "pending"}), ("pending", {"status": "paid"})]


@pytest.fixture
def parts(host: Host, journal: Journal) -> Journal:
    """A watched table that is partitioned by month, followed by the journal."""
    host.rows(
        "create table parts (id bigint, clinic_id text default 'clinic-1', status text default 'pending',"
        " month integer) partition by list (month)"
    )
    for month in (1, 2):
        host.rows(f"create table parts_{month} partition of parts for values in ({month})")
    host.rows(WATCH, "parts", "part")
    journal.follow("parts_1", "parts_2")
    return journal


def test_partitions(host: Host, parts: Journal) -> None:
    """guarantees.md, partitions: inserts and updates through the parent and straight into a partition."""
    host.rows("insert into parts (id, month) values (1, 1), (2, 2)")
    host.rows("insert into parts_2 (id, month) values (3, 2)")
    host.rows("update parts set status = 'paid' where id < 3")
    host.rows("update parts_2 set status = 'failed'")

    assert parts.check() == {
        "1": ["created pending", "pending > paid"],
        "2": ["created pending", "pending > paid", "paid > failed"],
        "3": ["created pending", "pending > failed"],
    }


def test_a_move_between_partitions(host: Host, parts: Journal) -> None:
    """guarantees.md, partitions; order, limits: a row that an update moves is `created` again, in its place.

    That is what the write-ahead log has, too: a delete and an insert.
    """
    host.rows("insert into parts (id, month) values (1, 1)")
    host.rows("update parts set month = 2")
    host.rows("update parts set month = 1, status = 'paid'")
    host.rows("insert into parts (id, month) values (1, 2)")

    assert parts.check() == {"1": ["created pending", "created pending", "created paid", "created pending"]}
    assert [change.kind for change in parts.changes] == ["insert", "delete", "insert", "delete", "insert", "insert"]


def test_attach_and_detach(host: Host, parts: Journal) -> None:
    """guarantees.md, not captured: rows that come with ATTACH; nor is anything after DETACH."""
    host.rows("create table parts_3 (like parts including all)")
    parts.follow("parts_3")
    host.rows("insert into parts_3 (id, month) values (1, 3)")
    host.rows("alter table parts attach partition parts_3 for values in (3)")
    host.rows("update parts set status = 'paid'")
    host.rows("alter table parts detach partition parts_3")
    host.rows("update parts_3 set status = 'failed'")

    assert words(parts.due()) == {"1": ["created pending", "pending > paid", "paid > failed"]}
    assert words(emitted(host)) == {"1": ["pending > paid"]}


def test_rewritten_rows(host: Host, journal: Journal) -> None:
    """guarantees.md, not captured: values that ALTER TABLE writes (a type with USING, a new column's default)."""
    payment = str(host.pay())

    host.rows("alter table payment_transactions alter column status drop default")
    host.rows("alter table payment_transactions alter column status type text using 'migrated'")

    assert host.value("select status from payment_transactions") == "migrated"
    assert journal.check() == {payment: ["created pending"]}


def test_temporary_tables(host: Host, journal: Journal, connect: Connect) -> None:
    """A session's temporary table of the same name is another table; what is copied out of it is captured."""
    session = connect()
    session.rows("create temporary table payment_transactions (like public.payment_transactions including all)")

    session.pay()
    session.rows("update payment_transactions set status = 'paid'")
    before = journal.check()
    session.rows(
        "insert into public.payment_transactions (clinic_id, status) select clinic_id, status from payment_transactions"
    )

    assert before == {}
    assert [*journal.check().values()] == [["created paid"]]

"""What is emitted is exactly what committed, among the host's own triggers."""

import psycopg
import pytest

from tests.sql.journal import Journal, emitted, words
from tests.support.host import CLINIC, Host

PAID = "update payment_transactions set status = 'paid'"

# Triggers of one kind fire in the order of their names: the first of these before ours, the others after.
FIRST, USUAL, LAST = '"!first"', "append_history", "zz_last"


def trigger(host: Host, name: str, events: str, body: str, *, constraint: str = "") -> None:
    """Create a trigger of the host's: `events` as in "before update", `body` the statements of its function."""
    function = name.strip('"!')
    host.rows(f"create function {function}() returns trigger language plpgsql as $$ begin {body} end $$")
    kind, timing = ("constraint trigger", constraint) if constraint else ("trigger", "")
    host.rows(
        f"create {kind} {name} {events} on payment_transactions {timing} for each row execute function {function}()"
    )


@pytest.mark.parametrize("name", [FIRST, LAST])
def test_before_triggers(host: Host, journal: Journal, name: str) -> None:
    """guarantees.md, captured row by row: the status that a BEFORE trigger sets; not what it drops."""
    trigger(
        host, name, "before insert or update",
        "if new.internal_note = 'drop' then return null; end if;"
        " if new.internal_note = 'fail' then new.status := 'failed'; end if; return new;",
    )  # fmt: skip
    for note in ("nothing", "drop", "fail"):
        host.rows("insert into payment_transactions (clinic_id, internal_note) values (%s, %s)", CLINIC, note)
    for note in ("nothing", "drop", "fail"):
        host.rows("update payment_transactions set internal_note = %s", note)

    assert [*journal.check().values()] == [["created pending", "pending > failed"], ["created failed"]]


@pytest.mark.parametrize("name", [FIRST, USUAL, LAST])
def test_a_trigger_that_updates_the_row_again(host: Host, journal: Journal, name: str) -> None:
    """Both changes are told, in their order; guarantees.md, order, limits: unless the trigger fires before ours."""
    trigger(
        host, name, "after update",
        "if new.status = 'paid' then update payment_transactions set status = 'refunded' where id = new.id; end if;"
        " return null;",
    )  # fmt: skip
    payments = [str(host.pay()), str(host.pay())]

    host.rows(PAID)

    assert words(journal.due()) == {
        payment: ["created pending", "pending > paid", "paid > refunded"] for payment in payments
    }
    changed = ["pending > paid", "paid > refunded"]
    assert words(emitted(host)) == {
        payment: ["created pending", *(reversed(changed) if name == FIRST else changed)] for payment in payments
    }


def test_a_trigger_that_updates_the_next_row(host: Host, journal: Journal) -> None:
    """guarantees.md, order, limits: a row of the same statement, whose triggers have yet to fire, is changed again."""
    trigger(
        host, LAST, "after update",
        "update payment_transactions set status = 'refunded' where id = new.id + 1 and status = 'paid'; return null;",
    )  # fmt: skip
    first, second = (str(host.pay()) for _ in range(2))

    host.rows(PAID)

    assert words(journal.due()) == {
        first: ["created pending", "pending > paid"],
        second: ["created pending", "pending > paid", "paid > refunded"],
    }
    assert words(emitted(host)) == {
        first: ["created pending", "pending > paid"],
        second: ["created pending", "paid > refunded", "pending > paid"],
    }


def test_a_trigger_that_writes_other_rows(host: Host, journal: Journal) -> None:
    """guarantees.md, captured row by row: a trigger that writes a payment, and to another watched table."""
    host.rows("create table receipts (id bigint primary key, clinic_id text, status text)")
    host.rows("select outbound_webhooks.watch('receipts', '{}', 'receipt')")
    journal.follow("receipts")
    trigger(
        host, LAST, "after update",
        "insert into payment_transactions (clinic_id, status, internal_note) values (new.clinic_id, 'paid', 'fee');"
        " insert into receipts values (1000 + new.id, new.clinic_id, 'new'); return null;",
    )  # fmt: skip
    payment = host.pay()

    host.rows(PAID)

    assert journal.check() == {
        str(payment): ["created pending", "pending > paid"],
        str(payment + 1): ["created paid"],
        str(payment + 1000): ["created new"],
    }


@pytest.mark.parametrize("name", [FIRST, LAST])
def test_a_trigger_that_refuses(host: Host, journal: Journal, name: str) -> None:
    """What a host's AFTER trigger refuses was never told, whether it fires before or after ours."""
    trigger(
        host, name, "after insert or update",
        "if new.status = 'failed' then raise exception 'no'; end if; return null;",
    )  # fmt: skip
    payment = str(host.pay())
    with pytest.raises(psycopg.errors.RaiseException):
        host.rows(
            "insert into payment_transactions (clinic_id, status) values (%s, 'pending'), (%s, 'failed')",
            CLINIC,
            CLINIC,
        )
    with pytest.raises(psycopg.errors.RaiseException):
        host.rows("update payment_transactions set status = 'failed'")
    host.rows(PAID)

    assert journal.check() == {payment: ["created pending", "pending > paid"]}


def test_a_deferred_trigger(host: Host, journal: Journal) -> None:
    """guarantees.md, captured row by row: what a deferred trigger writes at COMMIT; nothing, if it refuses."""
    trigger(
        host, LAST, "after update",
        "if new.refunded_cents > 0 then raise exception 'no'; end if;"
        " update payment_transactions set status = 'refunded' where id = new.id and status = 'paid'; return null;",
        constraint="deferrable initially deferred",
    )  # fmt: skip
    payment = str(host.pay())
    host.rows(PAID)
    with pytest.raises(psycopg.errors.RaiseException), host.connection.transaction():
        host.rows("update payment_transactions set refunded_cents = 5, status = 'failed'")

    assert journal.check() == {payment: ["created pending", "pending > paid", "paid > refunded"]}

"""Order, as guarantees.md argues it: about one row, the ids of deliveries ascend in the order of the commits.

The journal has the commits in their order, and journal.check() compares each row's events with it, by delivery id.
"""

import json
import random
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.journal import Journal, emitted, words
from tests.sql.steps import Session
from tests.support.host import CLINIC, MAPPING, Host

SET = "update payment_transactions set status = %s where id = %s"


def a_then_b(host: Host, a: Session, b: Session, payment: int) -> None:
    """A changes the row and stays open, B waits for it, A commits, B commits."""
    with background() as running:
        with a.connection.transaction():
            a.rows(SET, "paid", payment)
            waiting = running.submit(b.rows, SET, "failed", payment)
            until_blocked(host, b, waiting)
        waiting.result(timeout=60)


def test_the_later_committer_comes_later(host: Host, journal: Journal, connect: Connect) -> None:
    """A has the row, B waits for it: A's event is before B's, though B began before A, and drew its first id before."""
    a, b = connect(), connect()
    payment = host.pay()
    with b.connection.transaction():
        other = b.pay()
        a_then_b(host, a, b, payment)

    assert journal.check() == {
        str(payment): ["created pending", "pending > paid", "paid > failed"],
        str(other): ["created pending"],
    }


def test_what_is_not_committed_cannot_be_updated(host: Host, journal: Journal, connect: Connect) -> None:
    """An inserted row is seen, and so can be changed, by others only after its commit: `created` is the first."""
    a, b = connect(), connect()
    with a.connection.transaction():
        payment = a.pay()
        seen = b.rows("update payment_transactions set status = 'paid' returning id")
    b.rows("update payment_transactions set status = 'paid'")

    assert seen == []
    assert journal.check() == {str(payment): ["created pending", "pending > paid"]}


def test_a_key_that_is_used_again(host: Host, journal: Journal, connect: Connect) -> None:
    """A changes and deletes a row, B waits to insert one of the same key: the unique key keeps their order."""
    a, b = connect(), connect()
    payment = host.pay()
    insert = "insert into payment_transactions (id, clinic_id) overriding system value values (%s, %s)"
    with background() as running:
        with a.connection.transaction():
            a.rows(SET, "paid", payment)
            a.rows("delete from payment_transactions where id = %s", payment)
            waiting = running.submit(b.rows, insert, payment, CLINIC)
            until_blocked(host, b, waiting)
        waiting.result(timeout=60)

    assert journal.check() == {str(payment): ["created pending", "pending > paid", "created pending"]}


def test_the_sequence(sandbox: Host) -> None:
    """Delivery ids come one by one from a sequence without a cache, that ascends and does not start again."""
    (sequence,) = sandbox.rows(
        "select cache_size, increment_by, cycle, data_type::text from pg_sequences"
        " where schemaname = 'outbound_webhooks' and sequencename = 'delivery_ids'"
    )

    assert sequence == {"cache_size": 1, "increment_by": 1, "cycle": False, "data_type": "bigint"}
    assert (
        sandbox.value(
            "select pg_get_expr(adbin, adrelid) from pg_attrdef"
            " where adrelid = 'outbound_webhooks.deliveries'::regclass and adnum = 1"
        )
        == "nextval('outbound_webhooks.delivery_ids'::regclass)"
    )


def test_a_cache_would_break_it(host: Host, journal: Journal, connect: Connect) -> None:
    """guarantees.md, order, limits: with a cache B draws from a block that it has had for long, and is found out."""
    host.rows("alter sequence outbound_webhooks.delivery_ids cache 10")
    a, b = connect(), connect()
    b.pay()
    payment = host.pay()
    a_then_b(host, a, b, payment)

    with pytest.raises(AssertionError):
        journal.check()
    assert words(emitted(host))[str(payment)] == ["paid > failed", "created pending", "pending > paid"]


def write_at_random(session: Session, payments: list[int], chance: random.Random, transactions: int) -> int:
    """Transactions that change payments in any order, partly or wholly rolled back; returns how many committed."""
    committed = 0
    change = (
        "update payment_transactions set amount_cents = amount_cents + 1,"
        " status = case status when 'paid' then 'failed' else 'paid' end::payment_status where id = %s"
    )
    for _ in range(transactions):
        try:
            with session.connection.transaction(force_rollback=chance.random() < 0.2):
                for _ in range(chance.randint(1, 3)):
                    with session.connection.transaction(force_rollback=chance.random() < 0.3):
                        session.rows(change, chance.choice(payments))
            committed += 1
        except psycopg.errors.DeadlockDetected:
            pass  # it is undone, and one of those that were rolled back
    return committed


def disordered_event_ids(host: Host) -> object:
    """How many events have an id that is not greater than that of the delivery before, about the same payment."""
    return host.value(
        "select count(*) from ("
        "select e.id, lag(e.id) over (partition by e.resource_id order by d.id) as before"
        " from outbound_webhooks.deliveries as d join outbound_webhooks.events as e on e.id = d.event_id"
        ") as o where id <= before"
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_at_random(host: Host, journal: Journal, connect: Connect, seed: int) -> None:
    """Four sessions change three rows: of each row the versions ascend by one, in the order of the delivery ids.

    The amount is the version. Event ids, which are made from the clock, have the same order.
    """
    payments = [host.pay(amount=0) for _ in range(3)]
    sessions = [connect() for _ in range(4)]
    with ThreadPoolExecutor(len(sessions)) as running:
        calls = []
        for number, session in enumerate(sessions):
            session.rows("set deadlock_timeout = '10ms'")
            chance = random.Random(f"{seed} {number}")
            calls.append(running.submit(write_at_random, session, payments, chance, 50))
        committed = [call.result(timeout=60) for call in calls]
    journal.check()

    for events in emitted(host).values():
        assert [event.amount for event in events] == list(range(len(events)))
    assert min(committed) > 0
    assert len(journal.changes) > 100
    assert disordered_event_ids(host) == 0


def test_an_ordered_endpoint(host: Host, connect: Connect) -> None:
    """Ordering per_resource: the key is the resource and its id, and claims give one after the other, in that order."""
    steps.endpoint(host, ordering="per_resource")
    payment = host.pay()
    a_then_b(host, connect(), connect(), payment)
    dispatcher = steps.register(host)
    keys = host.rows("select distinct ordering_key from outbound_webhooks.deliveries")

    told = []
    while claimed := steps.claim(host, dispatcher):
        (head,) = claimed
        told.append(json.loads(head["body"])["data"]["status"])
        steps.record(host, steps.result(head, dispatcher, steps.SUCCEEDED))

    assert keys == [{"ordering_key": f"payment_transaction:{payment}"}]
    assert told == ["pending", "paid", "failed"]


def test_emit_holds_no_row(host: Host, connect: Connect) -> None:
    """guarantees.md, order, limits: two emit() about one thing are in the order of the calls, not of the commits."""
    steps.endpoint(host)
    a, b = connect(), connect()
    with a.connection.transaction():
        first = steps.emit(a)
        second = steps.emit(b)
        committed_first = steps.states(host)

    assert list(committed_first) == second
    assert first < second


def test_the_ledger(host: Host, journal: Journal) -> None:
    """guarantees.md, order, limits: a change that went into the ledger was passed over; recaptured, it comes later."""
    payment = host.pay()
    host.rows("drop function outbound_webhooks.payload_payment_transactions")
    host.rows(SET, "paid", payment)
    host.rows("select outbound_webhooks.watch('payment_transactions', %s)", MAPPING)
    host.rows(SET, "failed", payment)
    host.rows("select outbound_webhooks.recapture()")

    assert words(journal.due()) == {str(payment): ["created pending", "pending > paid", "paid > failed"]}
    assert words(emitted(host)) == {str(payment): ["created pending", "paid > failed", "pending > paid"]}


def test_different_rows(host: Host, journal: Journal, connect: Connect) -> None:
    """guarantees.md, order, limits: of different payments the first id may commit last."""
    a = connect()
    with a.connection.transaction():
        first = a.pay()
        second = host.pay()
    ids = host.rows(
        "select e.resource_id from outbound_webhooks.deliveries as d"
        " join outbound_webhooks.events as e on e.id = d.event_id order by d.id"
    )

    assert list(journal.due()) == [str(second), str(first)]
    assert [row["resource_id"] for row in ids] == [str(first), str(second)]


def test_a_key_that_is_changed(host: Host, journal: Journal) -> None:
    """guarantees.md, order, limits: a payment whose key is changed is another resource from then on."""
    host.rows("alter table payment_transactions alter column id set generated by default")
    payment = host.pay()
    host.rows("update payment_transactions set id = 100, status = 'paid'")

    assert journal.check() == {str(payment): ["created pending"], "100": ["pending > paid"]}


def test_an_id_that_is_not_unique(host: Host, journal: Journal, connect: Connect) -> None:
    """guarantees.md, order, limits: two rows with the same id are different rows."""
    host.rows("alter table payment_transactions drop constraint payment_transactions_pkey")
    a, insert = connect(), "insert into payment_transactions (id, clinic_id, status) overriding system value values"
    with a.connection.transaction():
        a.rows(f"{insert} (7, %s, 'paid')", CLINIC)
        host.rows(f"{insert} (7, %s, 'failed')", CLINIC)

    assert words(journal.due()) == {"7": ["created failed", "created paid"]}
    assert words(emitted(host)) == {"7": ["created paid", "created failed"]}

"""A strict source: a capture that fails makes the write fail; apart from that nothing is different."""

import psycopg
import pytest

from tests.sql import sources, steps
from tests.sql.conftest import Connect
from tests.support.host import CLINIC, MAPPING, Host

CAPTURE = "select prosrc from pg_proc where proname = 'capture_payment_transactions'"
DROP_PARTITIONS = (
    "do $$ begin execute (select string_agg('drop table ' || inhrelid::regclass, ';') from pg_inherits"
    " where inhparent = 'outbound_webhooks.events'::regclass); end $$"
)
DROP_PAYLOAD = "drop function outbound_webhooks.payload_payment_transactions"
PAY = "insert into payment_transactions (clinic_id) values (%s)"


def strict(host: Host, *, on: bool = True) -> None:
    """Make the payments a strict source, or an ordinary one again."""
    sources.watch(host, "payment_transactions", "payment_transaction", columns=MAPPING, strict=on)


def write_all_kinds(host: Host) -> None:
    """Writes that make events, and some that make none."""
    host.pay(amount=500)
    host.pay("nobody")
    host.rows("update payment_transactions set internal_note = 'x'")
    host.rows("update payment_transactions set status = 'paid', refunded_cents = 20")
    host.rows("update payment_transactions set refunded_cents = refunded_cents + 1, updated_at = now()")


@pytest.mark.parametrize(
    ("sabotage", "state", "message"),
    [
        (DROP_PAYLOAD, "42883", "function outbound_webhooks.payload_payment_transactions(public.payment_transactions"),
        ("alter table payment_transactions rename amount_cents to cents", "42703", 'record "payment" has no field'),
        ("drop function outbound_webhooks.insert_event", "42883", "function outbound_webhooks.insert_event(text,"),
        (DROP_PARTITIONS, "23514", 'no partition of relation "events" found for row'),
        ("set local outbound_webhooks.capture = 'perhaps'", "22P02", "invalid input syntax for type boolean"),
    ],
)
def test_a_failing_capture(sandbox: Host, sabotage: str, state: str, message: str) -> None:
    """The error is the capture's, and names our function; the write is taken back, and the ledger has nothing."""
    strict(sandbox)
    steps.endpoint(sandbox)
    sandbox.connection.execute(sabotage.encode())

    with pytest.raises(psycopg.Error) as caught, sandbox.connection.transaction():
        sandbox.rows(PAY, CLINIC)

    assert caught.value.sqlstate == state
    assert str(caught.value.diag.message_primary).startswith(message)
    assert "function outbound_webhooks.capture_payment_transactions()" in str(caught.value.diag.context)
    assert sandbox.value("select count(*) from payment_transactions") == 0
    assert sources.ledger(sandbox) == []


def test_a_failing_update(sandbox: Host) -> None:
    """The row is as it was, and the transaction can go on from a savepoint."""
    strict(sandbox)
    steps.endpoint(sandbox)
    sandbox.pay()
    sandbox.rows(DROP_PAYLOAD)

    with pytest.raises(psycopg.errors.UndefinedFunction), sandbox.connection.transaction():
        sandbox.rows("update payment_transactions set status = 'paid'")
    sandbox.rows("update payment_transactions set internal_note = 'written'")

    assert sandbox.rows("select status, internal_note from payment_transactions") == [
        {"status": "pending", "internal_note": "written"}
    ]


def test_a_lock(host: Host, connect: Connect) -> None:
    """One of our tables is locked: the write gives up after 100 ms and fails, and the next one waits anew."""
    strict(host)
    steps.endpoint(host)
    locker = connect()
    host.rows("set statement_timeout = '30s'")

    with locker.connection.transaction():
        locker.rows("lock table outbound_webhooks.endpoints in access exclusive mode")
        for _ in range(2):
            with pytest.raises(psycopg.errors.LockNotAvailable):
                host.pay()
    host.pay()

    assert len(sources.types(host)) == 1
    assert sources.ledger(host) == []


@pytest.mark.parametrize("sabotaged", [False, True])
def test_where_there_is_nothing_to_capture(sandbox: Host, sabotaged: bool) -> None:
    """A clinic without an endpoint, a column that makes no event, capture off: no error of ours can matter."""
    strict(sandbox)
    steps.endpoint(sandbox)
    payment = sandbox.pay()
    if sabotaged:
        sandbox.rows(DROP_PAYLOAD)

    sandbox.rows(PAY, "nobody")
    sandbox.rows("update payment_transactions set internal_note = 'x' where id = %s", payment)
    sandbox.rows("set local outbound_webhooks.capture = off")
    sandbox.rows(PAY, CLINIC)
    sandbox.rows("reset outbound_webhooks.capture")
    sandbox.rows("select outbound_webhooks.set_capture(false)")
    sandbox.rows(PAY, CLINIC)

    assert sandbox.value("select count(*) from payment_transactions") == 4
    assert sources.types(sandbox) == ["payment_transaction.created"]


def test_everything_else_is_the_same(sandbox: Host) -> None:
    """The same writes make the same events and deliveries, strict or not."""
    steps.endpoint(sandbox)
    told = []

    for on in (False, True):
        strict(sandbox, on=on)
        write_all_kinds(sandbox)
        deliveries = sandbox.value("select count(*) from outbound_webhooks.deliveries")
        told.append([(deliveries, kind, {**data, "id": ""}) for kind, data in sources.events(sandbox)])
        sandbox.rows("delete from payment_transactions")
        sources.forget(sandbox)

    assert len(told[0]) == 4
    assert told[0] == told[1]


def test_switching(sandbox: Host) -> None:
    """watch() turns it on and off: with it goes the block that catches errors, and its subtransaction."""
    bodies = []
    for on in (True, False, True):
        strict(sandbox, on=on)
        bodies.append(str(sandbox.value(CAPTURE)))
        assert sandbox.value("select is_strict from outbound_webhooks.event_sources") is on

    assert "exception when" not in bodies[0]
    assert "capture_errors" not in bodies[0]
    assert "exception when others" in bodies[1]
    assert bodies[0] == bodies[2]


def test_it_is_not_strict_by_itself(sandbox: Host) -> None:
    """Neither at first, nor when watch() is called again without saying so."""
    is_strict = "select is_strict from outbound_webhooks.event_sources"
    assert sandbox.value(is_strict) is False
    strict(sandbox)

    sources.watch(sandbox, "payment_transactions", "payment_transaction", columns=MAPPING)

    assert sandbox.value(is_strict) is False


def test_the_switches_keep_it(sandbox: Host) -> None:
    """set_capture() writes the trigger function anew: a strict one stays strict."""
    strict(sandbox)

    for on in (False, True):
        sandbox.rows("select outbound_webhooks.set_capture(%s)", on)
        sandbox.rows("select outbound_webhooks.set_capture(%s, 'payment_transactions')", on)

    assert "exception when" not in str(sandbox.value(CAPTURE))

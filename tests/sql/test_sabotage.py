"""Sabotage of every kind: the payment commits, the wait is bounded, and recapture() brings each change back once."""

import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.sabotage import SABOTAGE, ledger, told
from tests.support.host import CLINIC, Host


@pytest.mark.parametrize(("harm", "remedy"), SABOTAGE.values(), ids=SABOTAGE.keys())
def test_sabotage(host: Host, connect: Connect, harm: str, remedy: str) -> None:
    """The payments commit; after the remedy recapture() makes exactly the events that were due, in their order."""
    steps.endpoint(host)
    with host.connection.transaction():
        host.rows("set local outbound_webhooks.capture = off")
        kept = host.pay()
    host.rows(harm)
    status = "state" if "to state" in harm else "status"
    application = connect()

    payment = application.value("insert into payment_transactions (clinic_id) values (%s) returning " + (
        "number" if "to number" in harm else "id"), CLINIC)  # fmt: skip
    application.rows(f"update payment_transactions set {status} = 'paid'")
    application.rows("update payment_transactions set refunded_cents = 300")
    during = len(ledger(host))
    host.rows(remedy)
    first = host.rows("select * from outbound_webhooks.recapture()")
    again = host.rows("select * from outbound_webhooks.recapture()")

    assert host.value("select count(*) from payment_transactions") == 2
    assert (during, again, ledger(host)) == (5, [], [])
    assert [row["problem"] for row in first] == [None] * 5
    assert sorted(told(host), key=str) == sorted(
        [
            ("created", "pending", None),
            *[("status_changed", "paid", {"status": "pending"})] * 2,
            *[("partially_refunded", "paid", {"refunded_amount": 0})] * 2,
        ],
        key=str,
    )
    assert {body["data"]["id"] for body in steps.bodies(host)} == {str(kept), str(payment)}
    assert len(steps.states(host)) == 5


@pytest.mark.parametrize("table", ["endpoints", "events", "deliveries"])
def test_a_locked_table(host: Host, connect: Connect, table: str) -> None:
    """A table of ours is locked ACCESS EXCLUSIVE: the payment waits 100 ms at most, and is recaptured afterwards."""
    steps.endpoint(host)
    locker = connect()
    host.rows("set statement_timeout = '30s'")  # a payment that waited for the lock itself would wait for ever
    with locker.connection.transaction():
        locker.rows(f"lock table outbound_webhooks.{table} in access exclusive mode")
        payment = host.pay()
    (error,) = ledger(host)
    host.rows("update payment_transactions set status = 'paid'")

    (row,) = host.rows("select * from outbound_webhooks.recapture()")

    assert host.value("select count(*) from payment_transactions where id = %s", payment) == 1
    assert (error["error_code"], error["resource_id"], row["problem"]) == ("55P03", str(payment), None)
    assert host.value("show lock_timeout") == "0"
    # The later change was captured first; the recaptured event says what was, and when.
    assert told(host) == [("status_changed", "paid", {"status": "pending"}), ("created", "pending", None)]
    changed, created = steps.bodies(host)
    assert created["timestamp"] < changed["timestamp"]


def test_our_administration_is_not_read(host: Host, connect: Connect) -> None:
    """A lock on the tables of switches and sources is none of a payment's: it is captured as ever."""
    steps.endpoint(host)
    locker = connect()
    with locker.connection.transaction():
        locker.rows("lock table outbound_webhooks.settings, outbound_webhooks.event_sources in access exclusive mode")
        host.pay()

    assert (len(steps.bodies(host)), ledger(host)) == (1, [])


def test_a_restored_copy_trusts_no_number(host: Host) -> None:
    """After a restore the numbers of columns may mean others: a renamed column is then left out, never confused."""
    steps.endpoint(host)
    host.rows("create table copied (like payment_transactions including all)")
    host.rows("drop table payment_transactions")
    host.rows("alter table copied rename to payment_transactions")
    host.rows(
        'create trigger "00_outbound_webhooks_insert" after insert on payment_transactions for each row'
        " execute function outbound_webhooks.capture_payment_transactions()"
    )
    host.rows("alter table payment_transactions rename column amount_cents to amount_in_cents")

    host.rows("insert into payment_transactions (clinic_id) values (%s)", CLINIC)
    (error,) = ledger(host)

    assert "amount" not in error["new_values"]
    assert error["new_values"]["status"] == "pending"


def test_the_last_resort(host: Host, connect: Connect) -> None:
    """Not even the ledger can be written: the payment commits, and the server's log has source, key and reason."""
    steps.endpoint(host)
    host.rows(SABOTAGE["payload function dropped"][0])
    seen: list[str] = []
    host.connection.add_notice_handler(lambda diagnostic: seen.append(str(diagnostic.message_primary)))
    locker = connect()

    with locker.connection.transaction():
        locker.rows("lock table outbound_webhooks.capture_errors in access exclusive mode")
        payment = host.pay()

    assert host.value("select count(*) from payment_transactions") == 1
    assert ledger(host) == []
    assert any(f"source payment_transactions, id {payment}, was not captured" in line for line in seen)


def test_after_an_altered_type(host: Host, connect: Connect) -> None:
    """A session with a plan for the old type puts its changes into the ledger; recapture() mends that session, too."""
    steps.endpoint(host)
    pooled = connect()
    payment = pooled.pay()
    change = "update payment_transactions set status = %s where id = %s"
    host.rows("alter table payment_transactions alter column status type text, alter column amount_cents type integer")
    pooled.rows(change, "chargeback", payment)
    before = [error["error_code"] for error in ledger(host)]

    host.rows("select outbound_webhooks.recapture()")
    pooled.rows(change, "closed", payment)

    assert before == ["42804"]
    assert ledger(host) == []
    assert [status for _, status, _ in told(host)] == ["pending", "chargeback", "closed"]


def test_even_without_the_ledgers_function(host: Host) -> None:
    """Somebody dropped what writes the ledger: the payment commits, and the warning has its key."""
    steps.endpoint(host)
    seen: list[str] = []
    host.connection.add_notice_handler(lambda diagnostic: seen.append(str(diagnostic.message_primary)))
    host.rows(SABOTAGE["payload function dropped"][0])
    host.rows("drop function outbound_webhooks.record_capture_error")

    payment = host.pay()
    host.rows("alter table payment_transactions rename column status to state")
    host.rows("update payment_transactions set state = 'paid'")

    assert host.value("select state from payment_transactions where id = %s", payment) == "paid"
    lost = [line for line in seen if f"id {payment}, was not captured" in line and "and not recorded" in line]
    assert len(lost) == 2

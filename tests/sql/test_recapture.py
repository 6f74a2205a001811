"""Sabotage of every kind: the payment commits, the wait is bounded, and recapture() brings each change back once."""

from typing import Any

import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.support.host import CLINIC, MAPPING, Host

WATCH = "select outbound_webhooks.watch('payment_transactions', %s)"
PAYLOAD = "create or replace function outbound_webhooks.payload_payment_transactions(payment anyelement, previous json"
BROKEN = PAYLOAD + " default null) returns json language plpgsql as $$ begin return payment.no_such_column; end $$"

DROP_PARTITIONS = (
    "do $$ begin execute (select string_agg('drop table ' || inhrelid::regclass, ';') from pg_inherits"
    " where inhparent = 'outbound_webhooks.events'::regclass); end $$"
)

# What is done to us, and what mends it. A lock is sabotage of its own: it is held by another session.
SABOTAGE = {
    "our function raises": (
        BROKEN,
        "drop function outbound_webhooks.payload_payment_transactions; " + WATCH.replace("%s", f"'{MAPPING}'"),
    ),
    "payload function dropped": (
        "drop function outbound_webhooks.payload_payment_transactions",
        WATCH.replace("%s", f"'{MAPPING}'"),
    ),
    "column renamed": (
        "alter table payment_transactions rename column status to state",
        WATCH.replace("%s", "'" + MAPPING.replace("}", ', "status": "state"}') + "'"),
    ),
    "id column renamed": (
        "alter table payment_transactions rename column id to number",
        WATCH.replace("%s", "'" + MAPPING.replace("}", ', "id": "number"}') + "'"),
    ),
    "permission revoked": (
        "revoke insert on outbound_webhooks.events from outbound_webhooks_owner",
        "grant insert on outbound_webhooks.events to outbound_webhooks_owner",
    ),
    "partition missing": (
        DROP_PARTITIONS,
        "select outbound_webhooks.ensure_partitions(1)",
    ),
    "a column of ours renamed": (
        "alter table outbound_webhooks.deliveries rename column endpoint_id to endpoint",
        "alter table outbound_webhooks.deliveries rename column endpoint to endpoint_id",
    ),
}


def ledger(host: Host, *, still_open: bool = True) -> list[steps.Row]:
    """The ledger, oldest first."""
    condition = "where recaptured_at is null" if still_open else ""
    return host.rows(f"select * from outbound_webhooks.capture_errors {condition} order by id")


def told(host: Host) -> list[tuple[str, str, Any]]:
    """Type, status and what was before, of every event, oldest first."""
    return [
        (body["type"].partition(".")[2], body["data"]["status"], body["data"]["previous"])
        for body in steps.bodies(host)
    ]


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


def test_one_and_by_time(host: Host) -> None:
    """recapture() of one change, of those since a time, of those before one; the others stay."""
    steps.endpoint(host)
    host.rows(SABOTAGE["payload function dropped"][0])
    for _ in range(4):
        host.pay()
    host.rows(SABOTAGE["payload function dropped"][1])
    one, two, three, four = (row["id"] for row in ledger(host))
    host.rows("update outbound_webhooks.capture_errors set occurred_at = now() - interval '1 day' where id = %s", one)

    only = host.rows("select id from outbound_webhooks.recapture(%s)", three)
    before = host.rows("select id from outbound_webhooks.recapture(p_until => now() - interval '1 hour')")
    since = host.rows("select id from outbound_webhooks.recapture(p_since => now() - interval '1 hour', p_limit => 1)")
    behind = host.rows("select id from outbound_webhooks.recapture(p_after => %s)", since[0]["id"])

    assert [[row["id"] for row in rows] for rows in (only, before, since, behind)] == [[three], [one], [two], [four]]


def test_what_still_fails_stays(host: Host) -> None:
    """A change that cannot be captured yet does not keep the others from it, and says why."""
    steps.endpoint(host)
    host.rows(SABOTAGE["payload function dropped"][0])
    host.rows("insert into payment_transactions (clinic_id, amount_cents) select %s, n from generate_series(1, 3) as n",
        CLINIC)  # fmt: skip
    host.rows(
        PAYLOAD + " default null) returns json language plpgsql"
        " as $$ begin return json_build_object('n', 6 / (payment.amount_cents - 2)); end $$"
    )

    rows = host.rows("select id, cardinality(event_ids) as events, problem from outbound_webhooks.recapture()")

    assert [(row["events"], row["problem"]) for row in rows] == [(1, None), (None, "division by zero"), (1, None)]
    assert [row["new_values"]["amount"] for row in ledger(host)] == [2]


def test_the_row_as_it_was(host: Host) -> None:
    """Kept columns are as they were at the change; others, which only the DBA's payload reads, as they are now."""
    steps.endpoint(host)
    payment = host.pay()
    host.rows(SABOTAGE["payload function dropped"][0])
    host.rows("update payment_transactions set status = 'paid', internal_note = 'then'")
    host.rows("set outbound_webhooks.capture = off")
    host.rows("update payment_transactions set status = 'refunded', internal_note = 'now'")
    host.rows(
        PAYLOAD + " default null) returns json language plpgsql as $$"
        " begin return json_build_object('status', payment.status, 'note', payment.internal_note); end $$"
    )

    host.rows("select outbound_webhooks.recapture()")

    assert steps.bodies(host)[1]["data"] == {"status": "paid", "note": "now"}
    assert host.value("select max(resource_id) from outbound_webhooks.events") == str(payment)


def test_a_deleted_row(host: Host) -> None:
    """The payment is gone by now: its event was due all the same."""
    steps.endpoint(host)
    host.rows(SABOTAGE["payload function dropped"][0])
    payment = host.pay()
    host.rows("delete from payment_transactions")
    host.rows(SABOTAGE["payload function dropped"][1])

    host.rows("select outbound_webhooks.recapture()")

    assert [body["data"]["id"] for body in steps.bodies(host)] == [str(payment)]


def test_no_endpoint_by_now(host: Host) -> None:
    """The clinic's only endpoint was retired since: nothing is owed, and the change is done with."""
    endpoint = steps.endpoint(host)
    host.rows(SABOTAGE["payload function dropped"][0])
    host.pay()
    host.rows(SABOTAGE["payload function dropped"][1])
    steps.set_state(host, endpoint.id, "retired")

    (row,) = host.rows("select * from outbound_webhooks.recapture()")

    assert (row["event_ids"], row["problem"]) == ([], None)
    assert (ledger(host), steps.bodies(host)) == ([], [])


def test_no_longer_watched(host: Host) -> None:
    """The table was unwatched: the change stays in the ledger, with what is missing."""
    steps.endpoint(host)
    host.rows(SABOTAGE["payload function dropped"][0])
    host.pay()
    host.rows("select outbound_webhooks.unwatch('payment_transactions')")

    (row,) = host.rows("select * from outbound_webhooks.recapture()")

    assert row["problem"] == "there is no event source named 'payment_transactions'"
    assert len(ledger(host)) == 1


def test_two_at_once(host: Host, connect: Connect) -> None:
    """Two sessions recapture at the same time: each change becomes its event once, and none waits for the other."""
    steps.endpoint(host)
    host.rows(SABOTAGE["payload function dropped"][0])
    for _ in range(3):
        host.pay()
    host.rows(SABOTAGE["payload function dropped"][1])
    first, second = connect(), connect()

    with first.connection.transaction():
        taken = first.rows("select * from outbound_webhooks.recapture(p_limit => 2)")
        second.rows("set lock_timeout = '10s'")
        others = second.rows("select * from outbound_webhooks.recapture()")

    assert (len(taken), len(others)) == (2, 1)
    assert len(steps.bodies(host)) == 3


def test_rolled_back(host: Host) -> None:
    """A recapture that is rolled back did not happen: the changes are in the ledger as before."""
    steps.endpoint(host)
    host.rows(SABOTAGE["payload function dropped"][0])
    host.pay()
    host.rows(SABOTAGE["payload function dropped"][1])

    with host.connection.transaction(force_rollback=True):
        host.rows("select outbound_webhooks.recapture()")

    assert (len(ledger(host)), steps.bodies(host)) == (1, [])


def test_a_change_without_its_old_values(host: Host) -> None:
    """A row without a jsonb form kept its key alone: a created payment comes back, a change says how to tell of it."""
    steps.endpoint(host)
    host.rows("alter table payment_transactions add column metadata json")
    host.rows(SABOTAGE["payload function dropped"][0])
    payment = host.value(
        "insert into payment_transactions (clinic_id, metadata) values (%s, %s) returning id",
        CLINIC,
        '{"a": "\\u0000"}',
    )
    host.rows("update payment_transactions set status = 'paid'")
    host.rows("update payment_transactions set metadata = null")
    host.rows(SABOTAGE["payload function dropped"][1])

    created, changed = host.rows("select * from outbound_webhooks.recapture()")

    assert created["problem"] is None
    assert changed["problem"] == "the values before the change could not be kept: emit_row() tells of the row as it is"
    assert [body["data"]["id"] for body in steps.bodies(host)] == [str(payment)]


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


def test_a_takeover_of_the_ledger_row_waits_for_nobody(host: Host, connect: Connect) -> None:
    """A payment never waits for a recapture that is under way: it writes, and even fails, beside it."""
    steps.endpoint(host)
    host.rows(SABOTAGE["payload function dropped"][0])
    host.pay()
    host.rows(SABOTAGE["payload function dropped"][1])
    operator = connect()

    with operator.connection.transaction():
        operator.rows("select outbound_webhooks.recapture()")
        host.rows("set lock_timeout = '10s'")
        host.rows("insert into payment_transactions (clinic_id, currency) values (%s, repeat('x', 300000))", CLINIC)

    assert [error["error_code"] for error in ledger(host)] == ["54000"]


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

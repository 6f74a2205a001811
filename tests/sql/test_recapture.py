"""recapture(): which changes in the ledger become events, how they are told, and what it leaves alone."""

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.sabotage import PAYLOAD, SABOTAGE, ledger
from tests.support.host import CLINIC, Host


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

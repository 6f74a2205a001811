"""A capture that fails: the payment always commits, within a bounded wait, and the ledger keeps what was due."""

import psycopg

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.support.host import CLINIC, Host

DROP_PAYLOAD = "drop function outbound_webhooks.payload_payment_transactions"
MAPPED = {"id", "clinic_id", "status", "amount", "refunded_amount", "currency", "created_at", "updated_at"}

# Not a judgement of speed: a payment that waits for the lock itself would wait for ever.
BOUNDED = "set statement_timeout = '30s'"


def ledger(host: Host) -> list[steps.Row]:
    """The ledger, oldest first."""
    return host.rows("select * from outbound_webhooks.capture_errors order by id")


def warnings(host: Host) -> list[str]:
    """Collects the warnings that the host's session gets from here on."""
    collected: list[str] = []

    def collect(diagnostic: psycopg.errors.Diagnostic) -> None:
        if diagnostic.severity_nonlocalized == "WARNING":
            collected.append(str(diagnostic.message_primary))

    host.connection.add_notice_handler(collect)
    return collected


def test_insert(sandbox: Host) -> None:
    """The payment stands, and the ledger has its key, its mapped values and the error; nothing else of the row."""
    steps.endpoint(sandbox)
    sandbox.rows(DROP_PAYLOAD)
    seen = warnings(sandbox)

    payment = sandbox.pay(amount=1250)
    sandbox.rows("update payment_transactions set internal_note = 'secret'")
    (error,) = ledger(sandbox)
    values = error["new_values"]

    assert sandbox.value("select amount_cents from payment_transactions where id = %s", payment) == 1250
    assert (error["source"], error["operation"], error["clinic_id"], error["resource_id"], error["error_code"]) == (
        "payment_transactions", "INSERT", CLINIC, str(payment), "42883",
    )  # fmt: skip
    assert "payload_payment_transactions" in error["message"]
    assert error["old_values"] is None
    assert set(values) == MAPPED
    assert (values["id"], values["status"], values["amount"]) == (payment, "pending", 1250)
    (warning,) = seen
    assert warning.startswith(f"outbound_webhooks: INSERT of source payment_transactions, id {payment}, was not")
    assert steps.bodies(sandbox) == []


def test_update(sandbox: Host) -> None:
    """Of a change the ledger keeps the values before and after, so that it can be captured again."""
    steps.endpoint(sandbox)
    payment = sandbox.pay()
    sandbox.rows(DROP_PAYLOAD)

    sandbox.rows("update payment_transactions set status = 'paid', refunded_cents = 5 where id = %s", payment)
    (error,) = ledger(sandbox)

    assert error["operation"] == "UPDATE"
    assert set(error["old_values"]) == set(error["new_values"]) == MAPPED
    assert (error["old_values"]["status"], error["new_values"]["status"]) == ("pending", "paid")
    assert (error["old_values"]["refunded_amount"], error["new_values"]["refunded_amount"]) == (0, 5)


def test_both_events_or_none(sandbox: Host) -> None:
    """If the second event of a change cannot be made, the first one is not sent alone: the ledger has the change."""
    steps.endpoint(sandbox)
    payment = sandbox.pay()
    sandbox.rows(
        "create or replace function outbound_webhooks.payload_payment_transactions("
        "payment anyelement, previous json default null) returns json language sql stable"
        " set search_path = pg_catalog, pg_temp"
        " as $$ select json_build_object('n', 1 / (previous ->> 'status' is not null)::integer) $$"
    )

    sandbox.rows("update payment_transactions set status = 'paid', refunded_cents = 5 where id = %s", payment)

    assert [body["type"] for body in steps.bodies(sandbox)] == ["payment_transaction.created"]
    assert [error["error_code"] for error in ledger(sandbox)] == ["22012"]


def test_one_bad_row_among_many(sandbox: Host) -> None:
    """A row that cannot be captured does not take the others of its statement with it."""
    steps.endpoint(sandbox)
    sandbox.rows(
        "create or replace function outbound_webhooks.payload_payment_transactions("
        "payment anyelement, previous json default null) returns json language sql stable"
        " set search_path = pg_catalog, pg_temp"
        " as $$ select json_build_object('n', 1 / (payment.amount_cents - 3)) $$"
    )

    sandbox.rows(
        "insert into payment_transactions (clinic_id, amount_cents) select %s, n from generate_series(1, 5) as n",
        CLINIC,
    )

    assert sandbox.value("select count(*) from payment_transactions") == 5
    assert len(steps.bodies(sandbox)) == 4
    assert [error["new_values"]["amount"] for error in ledger(sandbox)] == [3]


def test_a_renamed_column(sandbox: Host) -> None:
    """The host renames a mapped column: payments commit, and the ledger finds its values under the new name."""
    steps.endpoint(sandbox)
    sandbox.rows("alter table payment_transactions rename column status to state")

    payment = sandbox.value("insert into payment_transactions (clinic_id) values (%s) returning id", CLINIC)
    sandbox.rows("update payment_transactions set state = 'paid'")
    inserted, updated = ledger(sandbox)

    assert (inserted["error_code"], updated["error_code"]) == ("42703", "42703")
    assert inserted["resource_id"] == str(payment)
    assert inserted["new_values"]["status"] == "pending"
    assert (updated["old_values"]["status"], updated["new_values"]["status"]) == ("pending", "paid")
    assert set(updated["new_values"]) == MAPPED


def test_a_missing_partition(sandbox: Host) -> None:
    """No partition for today: the ledger has the change, and says why."""
    steps.endpoint(sandbox)
    partitions = sandbox.rows(
        "select inhrelid::regclass::text as name from pg_inherits"
        " where inhparent = 'outbound_webhooks.events'::regclass"
    )
    for partition in partitions:
        sandbox.rows(f"drop table {partition['name']}")

    sandbox.pay()
    (error,) = ledger(sandbox)

    assert error["error_code"] == "23514"
    assert "no partition of relation" in error["message"]


def test_a_locked_ledger(host: Host, connect: Connect) -> None:
    """Not even the ledger can be written: the payment commits, and a warning has its key, however named."""
    host.rows("create table charges (nr bigint generated always as identity (start 4711), clinic_id text)")
    host.rows("select outbound_webhooks.watch('charges', '{\"id\": \"nr\"}', 'charge')")
    host.rows("drop function outbound_webhooks.payload_charges")
    steps.endpoint(host)
    locker = connect()
    host.rows(BOUNDED)
    seen = warnings(host)

    with locker.connection.transaction():
        locker.rows("lock table outbound_webhooks.capture_errors in access exclusive mode")
        host.rows("insert into charges (clinic_id) values (%s)", CLINIC)

    assert host.value("select nr from charges") == 4711
    assert ledger(host) == []
    assert ["id 4711, was not captured" in warning for warning in seen] == [True]


def test_a_row_that_is_no_jsonb(sandbox: Host) -> None:
    """The payment commits also with a column, not mapped, whose json cannot become jsonb."""
    steps.endpoint(sandbox)
    sandbox.rows("alter table payment_transactions add column metadata json")
    sandbox.rows(DROP_PAYLOAD)

    with sandbox.connection.transaction():
        sandbox.rows(
            "insert into payment_transactions (clinic_id, metadata) values (%s, %s)", CLINIC, '{"note": "\\u0000"}'
        )

    assert sandbox.value("select count(*) from payment_transactions") == 1
    assert [error["error_code"] for error in ledger(sandbox)] == ["42883"]

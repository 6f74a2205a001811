"""A host that lives on: columns of any type, ALTER TYPE, DROP TABLE, with our triggers in place."""

import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.support.host import MAPPING, SCHEMA, Host

WATCH = "select outbound_webhooks.watch(%s, %s)"


# xml stays null, as not every build of PostgreSQL can make a value of it; its lack of an = operator is what matters.
@pytest.mark.parametrize(
    ("column_type", "value"), [("json", '{"a": 1}'), ("xml", None), ("point", "(1,2)"), ("polygon", "((1,2),(3,4))")]
)
def test_columns_without_equality(sandbox: Host, column_type: str, value: str | None) -> None:
    """A column of a type that has no = operator does not break the host's updates, nor the capture of others."""
    steps.endpoint(sandbox)
    sandbox.rows(f"alter table payment_transactions add column extra {column_type}")
    sandbox.pay()

    sandbox.rows(f"update payment_transactions set extra = %s::{column_type}", value)
    sandbox.rows("update payment_transactions set status = 'paid'")

    assert [body["type"] for body in steps.bodies(sandbox)] == [
        "payment_transaction.created",
        "payment_transaction.status_changed",
    ]
    assert sandbox.value("select count(*) from outbound_webhooks.capture_errors") == 0


def test_alter_type_of_a_mapped_column(host: Host, connect: Connect) -> None:
    """The triggers do not stand in the way of ALTER TYPE, and a session that connects afterwards captures as before."""
    steps.endpoint(host)
    payment = host.pay()

    host.rows("alter table payment_transactions alter column status type text, alter column amount_cents type integer")
    connect().rows("update payment_transactions set status = 'chargeback' where id = %s", payment)

    assert [body["data"]["status"] for body in steps.bodies(host)] == ["pending", "chargeback"]
    assert host.value("select count(*) from outbound_webhooks.capture_errors") == 0


def test_alter_type_under_a_session_that_captured(host: Host, connect: Connect) -> None:
    """A session that captured before the ALTER TYPE puts its changes into the ledger until watch() is called again.

    The payments commit all the while; a session that had captured nothing yet captures at once.
    """
    steps.endpoint(host)
    pooled = connect()
    payment = pooled.pay()
    change = "update payment_transactions set status = %s where id = %s"

    host.rows("alter table payment_transactions alter column status type text, alter column amount_cents type integer")
    pooled.rows(change, "chargeback", payment)
    connect().rows(change, "settled", payment)
    host.rows(WATCH, "payment_transactions", MAPPING)
    pooled.rows(change, "closed", payment)

    (error,) = host.rows("select error_code, new_values ->> 'status' as status from outbound_webhooks.capture_errors")
    assert error == {"error_code": "42804", "status": "chargeback"}
    assert [body["data"]["status"] for body in steps.bodies(host)] == ["pending", "settled", "closed"]


def test_drop_table(sandbox: Host) -> None:
    """The host may drop its table and make it anew; our functions load without it, and it can be watched again."""
    steps.endpoint(sandbox)

    sandbox.rows("drop table payment_transactions")
    reloaded = sandbox.value("select outbound_webhooks.generate_captures()")
    sandbox.connection.execute(SCHEMA.replace("create type", "drop type payment_status; create type"))
    sandbox.rows(WATCH, "payment_transactions", MAPPING)
    sandbox.pay()

    assert reloaded == 1
    assert len(steps.bodies(sandbox)) == 1


def test_unwatch_beside_a_dropped_table(sandbox: Host) -> None:
    """A watched table that is gone does not keep another one from being unwatched."""
    sandbox.rows("create table gone (id bigint primary key, clinic_id text)")
    sandbox.rows("select outbound_webhooks.watch('gone', p_resource => 'ghost')")
    sandbox.rows("drop table gone")

    sandbox.rows("select outbound_webhooks.unwatch('payment_transactions')")

    assert sandbox.rows("select name from outbound_webhooks.event_sources") == [{"name": "gone"}]


def test_unwatch_after_a_rename(sandbox: Host) -> None:
    """A watched table that the host renamed can be unwatched under its new name; nothing of ours stays on it."""
    sandbox.rows("alter table payment_transactions rename to payments")

    sandbox.rows("select outbound_webhooks.unwatch('payments')")

    assert sandbox.rows("select tgname from pg_trigger where tgrelid = 'payments'::regclass") == []
    assert sandbox.rows("select name from outbound_webhooks.event_sources") == []

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
    """A session that captured before the ALTER TYPE (one of the host's pool) captures after it too."""
    steps.endpoint(host)
    pooled = connect()
    payment = pooled.pay()

    host.rows("alter table payment_transactions alter column status type text, alter column amount_cents type integer")
    pooled.rows("update payment_transactions set status = 'chargeback' where id = %s", payment)

    assert host.rows("select error_code, message from outbound_webhooks.capture_errors") == []
    assert [body["data"]["status"] for body in steps.bodies(host)] == ["pending", "chargeback"]


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
    sandbox.rows(WATCH, "gone", "{}")
    sandbox.rows("drop table gone")

    sandbox.rows("select outbound_webhooks.unwatch('payment_transactions')")

    assert sandbox.rows("select name from outbound_webhooks.event_sources") == [{"name": "gone"}]

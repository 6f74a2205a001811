"""Capture: which write of the host becomes which event, what its body says, and what becomes nothing."""

import json
from typing import Any

import psycopg
import pytest

from tests.sql import steps
from tests.support.host import CLINIC, Host

CREATED = "payment_transaction.created"
STATUS_CHANGED = "payment_transaction.status_changed"
PARTIALLY_REFUNDED = "payment_transaction.partially_refunded"


def types(host: Host) -> list[str]:
    """The types of all events, oldest first."""
    return [str(row["type"]) for row in host.rows("select type from outbound_webhooks.events order by id")]


def update(host: Host, payment: int, assignments: str) -> None:
    """Update a payment."""
    host.rows(f"update payment_transactions set {assignments} where id = %s", payment)


def test_created(sandbox: Host) -> None:
    """An inserted payment: one event with the mapped columns and no others, and its delivery."""
    endpoint = steps.endpoint(sandbox)

    payment = sandbox.pay(amount=1250)
    (event,) = sandbox.rows("select clinic_id, type, resource, resource_id, source, body from outbound_webhooks.events")
    deliveries = sandbox.rows(
        "select endpoint_id, clinic_id, attempt_count, ordering_key from outbound_webhooks.deliveries"
    )
    data = json.loads(str(event.pop("body")))["data"]

    assert event == {
        "clinic_id": CLINIC, "type": CREATED, "resource": "payment_transaction", "resource_id": str(payment),
        "source": "payment_transactions",
    }  # fmt: skip
    assert {**data, "created_at": "", "updated_at": ""} == {
        "id": str(payment), "clinic_id": CLINIC, "status": "pending", "amount": 1250, "refunded_amount": 0,
        "currency": "BRL", "created_at": "", "updated_at": "", "previous": None,
    }  # fmt: skip
    assert deliveries == [{"endpoint_id": endpoint.id, "clinic_id": CLINIC, "attempt_count": 0, "ordering_key": None}]


def test_status_changed(sandbox: Host) -> None:
    """A change of status has the old and the new one."""
    steps.endpoint(sandbox)
    payment = sandbox.pay()

    update(sandbox, payment, "status = 'paid'")
    _, body = steps.bodies(sandbox)

    assert body["type"] == STATUS_CHANGED
    assert body["data"]["status"] == "paid"
    assert body["data"]["previous"] == {"status": "pending"}


def test_partially_refunded(sandbox: Host) -> None:
    """The refunded amount grew and is below the amount; the event has what it was before."""
    steps.endpoint(sandbox)
    payment = sandbox.pay(amount=1000)

    update(sandbox, payment, "refunded_cents = 300")
    update(sandbox, payment, "refunded_cents = 999")
    _, first, second = steps.bodies(sandbox)

    assert [first["type"], second["type"]] == [PARTIALLY_REFUNDED] * 2
    assert (first["data"]["refunded_amount"], first["data"]["previous"]) == (300, {"refunded_amount": 0})
    assert (second["data"]["refunded_amount"], second["data"]["previous"]) == (999, {"refunded_amount": 300})


@pytest.mark.parametrize(
    ("before", "after"),
    [("0", "1000"), ("0", "1200"), ("300", "200"), ("300", "300"), ("0", "null")],
    ids=["in full", "more than paid", "shrank", "same", "unknown"],
)
def test_not_a_partial_refund(sandbox: Host, before: str, after: str) -> None:
    """A full refund is told by its status; a refund that did not grow is none."""
    sandbox.rows("alter table payment_transactions alter column refunded_cents drop not null")
    payment = sandbox.pay(amount=1000)
    update(sandbox, payment, f"refunded_cents = {before}")
    steps.endpoint(sandbox)

    update(sandbox, payment, f"refunded_cents = {after}")

    assert types(sandbox) == []


def test_refunds_of_a_payment_without_a_refunded_amount(sandbox: Host) -> None:
    """Null counts as nothing refunded: a first refund is a growth."""
    sandbox.rows("alter table payment_transactions alter column refunded_cents drop not null")
    payment = sandbox.pay()
    update(sandbox, payment, "refunded_cents = null")
    steps.endpoint(sandbox)

    update(sandbox, payment, "refunded_cents = 1")

    assert types(sandbox) == [PARTIALLY_REFUNDED]


def test_both_in_one_update(sandbox: Host) -> None:
    """One UPDATE that changes the status and refunds a part emits both, the status first."""
    endpoint = steps.endpoint(sandbox)
    payment = sandbox.pay()

    update(sandbox, payment, "refunded_cents = 300, status = 'refunded'")
    sent = sandbox.rows(
        "select e.type from outbound_webhooks.deliveries as d join outbound_webhooks.events as e on e.id = d.event_id"
        " where d.endpoint_id = %s order by d.id",
        endpoint.id,
    )

    assert [row["type"] for row in sent] == [CREATED, STATUS_CHANGED, PARTIALLY_REFUNDED]


def test_each_row_of_a_statement(sandbox: Host) -> None:
    """A statement over many rows makes an event of each that changed, and only of those."""
    steps.endpoint(sandbox)
    first, second, _ = (sandbox.pay() for _ in range(3))

    sandbox.rows("update payment_transactions set status = case when id <= %s then 'paid' else status end", second)
    changed = sandbox.rows(
        "select resource_id from outbound_webhooks.events where type = %s order by id", STATUS_CHANGED
    )

    assert [row["resource_id"] for row in changed] == [str(first), str(second)]


def test_irrelevant_update(sandbox: Host) -> None:
    """An update of columns that no rule watches writes nothing."""
    steps.endpoint(sandbox)
    payment = sandbox.pay()

    update(
        sandbox, payment, "internal_note = 'called', updated_at = clock_timestamp(), currency = 'USD', status = status"
    )

    assert types(sandbox) == [CREATED]


def test_rolled_back(sandbox: Host) -> None:
    """A payment that is rolled back, or rolled back to a savepoint, was never an event."""
    steps.endpoint(sandbox)

    with sandbox.connection.transaction():
        kept = sandbox.pay()
        with sandbox.connection.transaction(force_rollback=True):
            sandbox.pay()
            update(sandbox, kept, "status = 'paid'")

    assert types(sandbox) == [CREATED]
    assert sandbox.value("select count(*) from outbound_webhooks.deliveries") == 1


@pytest.mark.parametrize(
    "off",
    [
        "select outbound_webhooks.set_capture(false)",
        "select outbound_webhooks.set_capture(false, 'payment_transactions')",
        "set local outbound_webhooks.capture = off",
    ],
    ids=["for all", "for the source", "for the transaction"],
)
def test_capture_off(sandbox: Host, off: str) -> None:
    """Each of the three switches keeps every write from becoming an event, or a row in the ledger."""
    steps.endpoint(sandbox)
    sandbox.rows(off)

    payment = sandbox.pay()
    update(sandbox, payment, "status = 'paid', refunded_cents = 1")

    assert types(sandbox) == []
    assert sandbox.value("select count(*) from outbound_webhooks.capture_errors") == 0


def test_capture_is_off_after_installation(database_url: str) -> None:
    """A watched table writes nothing of ours until capture is turned on, by one call."""
    host = Host(database_url, capture=False)
    steps.endpoint(host)

    host.pay()
    before = types(host)
    host.rows("select outbound_webhooks.set_capture(true)")
    host.pay()
    host.close()

    assert before == []
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select count(*) from outbound_webhooks.events").fetchone() == (1,)


def test_switch_of_an_unknown_source(sandbox: Host) -> None:
    """A source that does not exist is named, with those that do."""
    with pytest.raises(psycopg.errors.UndefinedObject) as caught, sandbox.connection.transaction():
        sandbox.rows("select outbound_webhooks.set_capture(true, 'payments')")

    assert caught.value.diag.message_primary == "there is no event source named 'payments'"
    assert caught.value.diag.message_hint == "The sources: payment_transactions"


@pytest.mark.parametrize("timezone", ["America/Sao_Paulo", "Pacific/Kiritimati", "UTC"])
def test_the_body(sandbox: Host, timezone: str) -> None:
    """The text is type, timestamp, data, in that order; every time in it is UTC, whatever the writer's TimeZone."""
    steps.endpoint(sandbox)
    sandbox.rows("select set_config('timezone', %s, true)", timezone)

    sandbox.pay()
    (event,) = sandbox.rows(
        "select body, to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as at"
        " from outbound_webhooks.events"
    )
    body: dict[str, Any] = json.loads(str(event["body"]))

    assert list(body) == ["type", "timestamp", "data"]
    assert body["timestamp"] == event["at"]
    assert body["data"]["created_at"].endswith("+00:00")
    assert sandbox.value("show timezone") == timezone

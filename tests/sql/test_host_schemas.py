"""Tables of hosts as they come: made by an ORM, partitioned, with hardly a column."""

import psycopg
import pytest

from tests.sql import steps
from tests.support import orm_host
from tests.support.host import CLINIC, Host

WATCH = "select outbound_webhooks.watch(%s, %s, 'charge')"

PAYMENT = "cm3x1k8f20002v8l4k7w3n1rd"


def test_a_table_as_an_orm_makes_it(sandbox: Host) -> None:
    """Quoted camelCase names, cuid keys, an enum, decimal amounts and a related row work through the mapping."""
    name = orm_host.install(sandbox, "charge")
    steps.endpoint(sandbox, orm_host.CLINIC)

    sandbox.rows("insert into \"Checkout\" values ('checkout-1', %s, 'order 1')", orm_host.CLINIC)
    sandbox.rows(
        'insert into "PaymentTransaction" ("id", "clinicId", "checkoutId", "totalAmount", "createdAt", "updatedAt")'
        " values (%s, %s, 'checkout-1', 10.50, '2026-01-02 03:04:05.678', '2026-01-02 03:04:05.678')",
        PAYMENT, orm_host.CLINIC,
    )  # fmt: skip
    sandbox.rows('update "PaymentTransaction" set "updatedAt" = current_timestamp')
    sandbox.rows('update "PaymentTransaction" set "status" = \'PAID\'')
    sandbox.rows('update "PaymentTransaction" set "refundedAmount" = 2.25')
    created, changed, refunded = steps.bodies(sandbox)

    assert name == "paymenttransaction"
    assert created["type"] == "charge.created"
    assert created["data"] == {
        "id": PAYMENT, "clinic_id": orm_host.CLINIC, "status": "PENDING", "amount": 1050, "refunded_amount": None,
        "currency": "BRL", "created_at": "2026-01-02T03:04:05.678+00:00", "updated_at": "2026-01-02T03:04:05.678+00:00",
        "checkout": {"id": "checkout-1", "reference": "order 1"}, "previous": None,
    }  # fmt: skip
    assert changed["data"]["previous"] == {"status": "PENDING"}
    assert refunded["type"] == "charge.partially_refunded"
    assert refunded["data"]["refunded_amount"] == 225


def test_uuid_keys(sandbox: Host) -> None:
    """Keys of type uuid leave as text."""
    clinic = "5f0c8f0e-3c52-4f6b-9d0b-2f7a3c1e9a10"
    sandbox.rows("create table charges (id uuid default gen_random_uuid(), clinic_id uuid)")
    steps.endpoint(sandbox, clinic)

    sandbox.rows(WATCH, "charges", "{}")
    charge = sandbox.value("insert into charges (clinic_id) values (%s) returning id", clinic)
    (body,) = steps.bodies(sandbox)

    assert body["data"] == {"id": str(charge), "clinic_id": clinic, "previous": None}


def test_a_partitioned_table(sandbox: Host) -> None:
    """Writes to the parent and straight to a partition are both captured."""
    sandbox.rows("create table parts (id bigint, clinic_id text, status text) partition by list (clinic_id)")
    sandbox.rows("create table parts_1 partition of parts for values in ('clinic-1')")
    steps.endpoint(sandbox)

    sandbox.rows(WATCH, "parts", "{}")
    sandbox.rows("insert into parts values (1, 'clinic-1', 'new')")
    sandbox.rows("update parts_1 set status = 'paid'")
    sandbox.rows("update parts set status = status")

    assert [(body["type"], body["data"]["id"]) for body in steps.bodies(sandbox)] == [
        ("charge.created", "1"),
        ("charge.status_changed", "1"),
    ]


def test_only_the_parts_that_are_there(sandbox: Host) -> None:
    """A table without status and amounts emits `created`, with what it has."""
    sandbox.rows("create table receipts (id bigint primary key, clinic_id text)")
    steps.endpoint(sandbox)

    name = sandbox.value("select outbound_webhooks.watch('receipts', '{}', 'receipt', 'paper')")
    sandbox.rows("insert into receipts values (7, 'clinic-1')")
    (body,) = steps.bodies(sandbox)

    assert name == "paper"
    assert body["type"] == "receipt.created"
    assert body["data"] == {"id": "7", "clinic_id": CLINIC, "previous": None}


def test_a_partition_of_a_watched_table(sandbox: Host) -> None:
    """Captured through its parent: watching or unwatching it alone is refused, the source stays the parent's."""
    sandbox.rows("create table parts (id bigint, clinic_id text) partition by list (clinic_id)")
    sandbox.rows("create table parts_1 partition of parts for values in ('clinic-1')")
    sandbox.rows(WATCH, "parts", "{}")

    for statement in (
        "select outbound_webhooks.watch('parts_1', '{}')",
        "select outbound_webhooks.unwatch('parts_1')",
    ):
        with pytest.raises(psycopg.Error), sandbox.connection.transaction():
            sandbox.rows(statement)

    assert sandbox.rows("select relation_name from outbound_webhooks.event_sources where name = 'parts'") == [
        {"relation_name": "parts"}
    ]

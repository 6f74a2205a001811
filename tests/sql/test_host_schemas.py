"""Tables of hosts as they come: made by an ORM, partitioned, with hardly a column."""

import json

import psycopg
import pytest

from tests.sql import steps
from tests.support.host import CLINIC, Host

WATCH = "select outbound_webhooks.watch(%s, %s, 'charge')"

# A schema as an ORM makes it: quoted camelCase, text keys, an enum, Decimal amounts.
ORM_SCHEMA = """
create type "PaymentStatus" as enum ('PENDING', 'PAID');
create table "PaymentTransaction" (
    "id" uuid primary key default gen_random_uuid(),
    "clinicId" uuid not null,
    "status" "PaymentStatus" not null default 'PENDING',
    "totalAmount" decimal(10, 2) not null,
    "refundedAmount" decimal(10, 2),
    "currencyCode" text not null default 'BRL',
    "createdAt" timestamp(3) not null default current_timestamp
);
"""
ORM_MAPPING = {
    "clinic_id": "clinicId",
    "amount": "totalAmount",
    "refunded_amount": "refundedAmount",
    "currency": "currencyCode",
    "created_at": "createdAt",
}


def test_a_table_as_an_orm_makes_it(sandbox: Host) -> None:
    """Quoted camelCase names, uuid keys, an enum and decimal amounts work through the mapping."""
    clinic = "5f0c8f0e-3c52-4f6b-9d0b-2f7a3c1e9a10"
    sandbox.connection.execute(ORM_SCHEMA)
    steps.endpoint(sandbox, clinic)

    name = sandbox.value(WATCH, '"PaymentTransaction"', json.dumps(ORM_MAPPING))
    payment = sandbox.value(
        'insert into "PaymentTransaction" ("clinicId", "totalAmount") values (%s, 10.50) returning id', clinic
    )
    sandbox.rows('update "PaymentTransaction" set "status" = \'PAID\'')
    sandbox.rows('update "PaymentTransaction" set "refundedAmount" = 2.25')
    created, changed, refunded = steps.bodies(sandbox)

    assert name == "paymenttransaction"
    assert created["type"] == "charge.created"
    assert {**created["data"], "created_at": ""} == {
        "id": str(payment), "clinic_id": clinic, "status": "PENDING", "amount": 1050, "refunded_amount": None,
        "currency": "BRL", "created_at": "", "previous": None,
    }  # fmt: skip
    assert changed["data"]["previous"] == {"status": "PENDING"}
    assert refunded["type"] == "charge.partially_refunded"
    assert refunded["data"]["refunded_amount"] == 225


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

"""watch and unwatch: any host's table, a clear refusal where it cannot be, and everything taken away again."""

import json

import psycopg
import pytest

from dispatcher.migrate import migrate
from tests.sql import steps
from tests.support.host import CLINIC, MAPPING, Host

WATCH = "select outbound_webhooks.watch(%s, %s)"

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


def refusal(host: Host, statement: str, *parameters: object) -> psycopg.Error:
    """The error of a statement that must fail."""
    with pytest.raises(psycopg.Error) as caught, host.connection.transaction():
        host.rows(statement, *parameters)
    return caught.value


@pytest.mark.parametrize(
    ("relation", "mapping", "message", "hint"),
    [
        ("no_such_table", {}, 'relation "no_such_table" does not exist', None),
        (
            "plain", {"status": "state"}, "table public.plain has no column state (mapped to status)",
            "Its columns: id, clinic_id, note.",
        ),
        (
            "plain", {"stauts": "note"}, "a payment has no part named 'stauts'",
            "The parts: id, clinic_id, status, amount, refunded_amount, currency, created_at, updated_at.",
        ),
        (
            "clinicless", {}, "which column of public.clinicless is the clinic_id?",
            'Map it: {"clinic_id": "..."}. Its columns: id, clinicId.',
        ),
        ("a_view", {}, "public.a_view cannot be watched: only ordinary and partitioned tables of the host can", None),
        (
            "outbound_webhooks.events", {},
            "outbound_webhooks.events cannot be watched: only ordinary and partitioned tables of the host can", None,
        ),
    ],
    ids=["no table", "no column", "unknown part", "no clinic", "view", "our own table"],
)  # fmt: skip
def test_refusals(sandbox: Host, relation: str, mapping: dict[str, str], message: str, hint: str | None) -> None:
    """Bad input is refused with what is wrong and what could be right; nothing is left behind."""
    sandbox.rows("create table plain (id bigint primary key, clinic_id text, note text)")
    sandbox.rows('create table clinicless (id bigint primary key, "clinicId" text)')
    sandbox.rows("create view a_view as select * from plain")

    error = refusal(sandbox, WATCH, relation, json.dumps(mapping))

    assert error.diag.message_primary == message
    assert error.diag.message_hint == hint
    assert sandbox.value("select count(*) from outbound_webhooks.event_sources") == 1


@pytest.mark.parametrize("relation", ["other.payment_transactions", '"2026 payments"'])
def test_a_name_that_cannot_be_made(sandbox: Host, relation: str) -> None:
    """The source's name, made from the table's, is taken or no identifier: the hint says to give one; that works."""
    sandbox.rows("create schema other")
    sandbox.rows(f"create table {relation} (id bigint primary key, clinic_id text)")

    error = refusal(sandbox, WATCH, relation, "{}")
    named = sandbox.value("select outbound_webhooks.watch(%s, p_name => 'another_name')", relation)

    assert "p_name" in str(error.diag.message_hint)
    assert named == "another_name"


def test_a_caller_outside_the_owner_role(sandbox: Host) -> None:
    """A role that may call watch() and owns its table, but is no member of our owner role, is told what to grant."""
    sandbox.rows('create role "table owner"')
    sandbox.rows("create table theirs (id bigint primary key, clinic_id text)")
    sandbox.rows('alter table theirs owner to "table owner"')
    sandbox.rows('grant usage on schema outbound_webhooks to "table owner"')
    sandbox.rows('grant execute on all functions in schema outbound_webhooks to "table owner"')
    sandbox.rows('set local role "table owner"')

    error = refusal(sandbox, WATCH, "theirs", "{}")

    assert error.sqlstate == "42501"
    assert error.diag.message_primary == "role table owner may not watch tables"
    assert error.diag.message_hint == 'grant outbound_webhooks_owner to "table owner"'


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
    assert created["type"] == "payment_transaction.created"
    assert {**created["data"], "created_at": ""} == {
        "id": str(payment), "clinic_id": clinic, "status": "PENDING", "amount": 1050, "refunded_amount": None,
        "currency": "BRL", "created_at": "", "previous": None,
    }  # fmt: skip
    assert changed["data"]["previous"] == {"status": "PENDING"}
    assert refunded["type"] == "payment_transaction.partially_refunded"
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
        ("payment_transaction.created", "1"),
        ("payment_transaction.status_changed", "1"),
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


def test_twice_is_once(sandbox: Host) -> None:
    """watch() again changes nothing, and keeps the source's own switch."""
    sandbox.rows("select outbound_webhooks.set_capture(false, 'payment_transactions')")
    look = (
        "select * from outbound_webhooks.event_sources",
        "select tgname, pg_get_triggerdef(oid) from pg_trigger where tgrelid = 'payment_transactions'::regclass",
        "select pg_get_functiondef(oid), proacl::text from pg_proc where proname ~ '_payment_transactions$' order by 1",
        "select relacl::text from pg_class where oid = 'payment_transactions'::regclass",
    )
    before = [sandbox.rows(statement) for statement in look]

    name = sandbox.value(WATCH, "payment_transactions", MAPPING)

    assert name == "payment_transactions"
    assert [sandbox.rows(statement) for statement in look] == before


def test_a_changed_mapping_is_taken_over(sandbox: Host) -> None:
    """watch() with another mapping: the same source, and the triggers follow the new column."""
    steps.endpoint(sandbox)
    sandbox.rows("alter table payment_transactions add column state text not null default 'open'")

    sandbox.rows(WATCH, "payment_transactions", '{"status": "state", "amount": "amount_cents"}')
    sandbox.pay()
    sandbox.rows("update payment_transactions set status = 'paid', refunded_cents = 1")
    sandbox.rows("update payment_transactions set state = 'closed'")

    assert [body["type"] for body in steps.bodies(sandbox)] == [
        "payment_transaction.created",
        "payment_transaction.status_changed",
    ]
    assert sandbox.value("select count(*) from outbound_webhooks.event_sources") == 1


def test_the_payload_function_belongs_to_the_dba(host: Host) -> None:
    """A payload function that the DBA replaced survives watch() and a reload of all functions."""
    steps.endpoint(host)
    host.rows(
        "create or replace function outbound_webhooks.payload_payment_transactions("
        "payment anyelement, previous json default null) returns json language sql stable set search_path = ''"
        " as $$ select json_build_object('mine', payment.id) $$"
    )

    host.rows(WATCH, "payment_transactions", '{"amount": "amount_cents"}')
    migrate(host.url)
    payment = host.pay()
    (body,) = steps.bodies(host)

    assert body["data"] == {"mine": payment}


def test_unwatch_takes_everything_away(sandbox: Host) -> None:
    """Triggers, functions, grant and source are gone; the table works on; what was captured stays."""
    steps.endpoint(sandbox)
    sandbox.pay()

    sandbox.rows("select outbound_webhooks.unwatch('payment_transactions')")
    sandbox.pay()
    left = sandbox.rows(
        "select proname as name from pg_proc where pronamespace = 'outbound_webhooks'::regnamespace"
        " and proname in ('capture_payment_transactions', 'payload_payment_transactions')"
        " union all select tgname from pg_trigger where tgrelid = 'payment_transactions'::regclass"
        " union all select name from outbound_webhooks.event_sources"
    )

    assert left == []
    assert (
        sandbox.value("select has_table_privilege('outbound_webhooks_owner', 'payment_transactions', 'select')")
        is False
    )
    assert sandbox.value("select count(*) from outbound_webhooks.deliveries") == 1


def test_unwatch_of_what_is_not_watched(sandbox: Host) -> None:
    """It says so."""
    sandbox.rows("create table other (id bigint)")

    error = refusal(sandbox, "select outbound_webhooks.unwatch('other')")

    assert error.diag.message_primary == "public.other is not watched"


def test_the_generated_function_is_static(sandbox: Host) -> None:
    """No dynamic SQL: it would be planned anew for each payment."""
    definition = str(
        sandbox.value("select pg_get_functiondef('outbound_webhooks.capture_payment_transactions'::regproc)")
    )

    assert " execute " not in definition.lower()
    assert "format(" not in definition.lower()
    assert "insert_event" in definition

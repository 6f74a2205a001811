"""The catalogue of event types: what watch() writes for receivers is true of every body, and people's words stay."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from tests.sql import sources, steps
from tests.sql.test_payload_formats import TABLE, TYPES, VALUES, write
from tests.support.host import CLINIC, MAPPING, Host

CREATED = "payment_transaction.created"
OFFER: Mapping[str, Any] = {
    "name": "offer", "table": "offers", "by": "offer_id", "columns": {"id": "id", "cost": "price", "doc": "doc"},
    "amounts": ["cost"],
}  # fmt: skip


def catalogue(host: Host) -> dict[str, steps.Row]:
    """The event types of what is watched, or described by people, by name."""
    rows = host.rows(
        "select * from outbound_webhooks.event_types where source_id is not null or not generated order by name"
    )
    return {str(row["name"]): row for row in rows}


def ours(host: Host) -> dict[str, steps.Row]:
    """The event types that we emit ourselves, by name."""
    rows = host.rows("select * from outbound_webhooks.event_types where source_id is null and generated order by name")
    return {str(row["name"]): row for row in rows}


def valid(host: Host, body: Any, name: str | None = None) -> None:
    """A body is as the catalogue says of its type, or of the type with that name."""
    Draft202012Validator(
        catalogue(host)[name or body["type"]]["schema"], format_checker=Draft202012Validator.FORMAT_CHECKER
    ).validate(body)


def all_valid(host: Host) -> list[Any]:
    """Every schema is one, its example is valid, and so is every body there is; returns the bodies."""
    for name, entry in catalogue(host).items():
        Draft202012Validator.check_schema(entry["schema"])
        assert entry["example"]["type"] == name
        valid(host, entry["example"])
    bodies = steps.bodies(host)
    for body in bodies:
        valid(host, body)
    assert sources.ledger(host) == []
    return bodies


def test_payments(sandbox: Host) -> None:
    """The three types of a payment, described in words, as JSON Schema and by an example."""
    steps.endpoint(sandbox)
    sandbox.pay()
    sandbox.rows("update payment_transactions set status = 'paid', refunded_cents = 5")

    entries = catalogue(sandbox)
    bodies = all_valid(sandbox)

    assert {name: entry["description"] for name, entry in entries.items()} == {
        CREATED: "A payment_transaction was created.",
        "payment_transaction.partially_refunded": (
            "refunded_amount of a payment_transaction grew and is below amount; data.previous has what it was."
        ),
        "payment_transaction.status_changed": "status of a payment_transaction changed; data.previous has what it was.",
    }
    assert sorted(body["type"] for body in bodies) == list(entries)
    assert entries[CREATED]["example"]["data"] == {
        "id": "1", "clinic_id": "1", "status": "pending", "amount": 14900, "refunded_amount": 14900, "currency": "BRL",
        "created_at": "2026-01-31T12:00:00+00:00", "updated_at": "2026-01-31T12:00:00+00:00", "previous": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("type",), "payment_transaction.made"),
        (("data", "id"), 1),
        (("data", "amount"), "10.50"),
        (("data", "amount"), 10.5),
        (("data", "status"), None),
        (("data", "previous"), {"status": "paid"}),
        (("timestamp",), 1),
        (("data",), None),
    ],
)
def test_a_schema_refuses(sandbox: Host, path: tuple[str, ...], value: object) -> None:
    """What no body of that type says is not valid; nor is one with a field left out."""
    steps.endpoint(sandbox)
    sandbox.pay()
    (body,) = steps.bodies(sandbox)

    changed, shorter = copy.deepcopy(body), copy.deepcopy(body)
    for wrong in (changed, shorter):
        place = wrong["data"] if len(path) == 2 else wrong
        del place[path[-1]]
    (changed["data"] if len(path) == 2 else changed)[path[-1]] = value

    for wrong in (changed, shorter):
        with pytest.raises(ValidationError):
            valid(sandbox, wrong, CREATED)


def test_every_type_of_column(sandbox: Host) -> None:
    """With values and, where a column may be null, without."""
    sandbox.rows(TABLE)
    sandbox.rows("create type mood as enum ('fine', 'good')")
    sandbox.rows("create function mood_json(mood) returns json immutable language sql return '{\"mood\": 1}'::json")
    sandbox.rows("create cast (mood as json) with function mood_json(mood)")
    sandbox.rows("alter table things add column mood mood default 'good', add column status payment_status")
    steps.endpoint(sandbox)
    sources.watch(
        sandbox, "things", "thing", columns={"amount": "exact"}, include={name: name for name in (*TYPES, "mood")}
    )  # fmt: skip

    write(sandbox, 1)
    sandbox.rows("insert into things (id, clinic_id, mood) values (2, %s, null)", CLINIC)
    sandbox.rows("update things set status = 'paid'")
    sandbox.rows("update things set status = null")
    bodies = all_valid(sandbox)

    assert len(bodies) == 6
    assert bodies[0]["data"]["mood"] == {"mood": 1}


def test_columns_that_are_never_null(sandbox: Host) -> None:
    """What is NOT NULL is said to be so, also of a related row, and null is not valid."""
    columns = ", ".join(f"{name} {kind} not null" for name, kind in TYPES.items())
    sandbox.rows(TABLE.replace("create table things", "create table nullable"))
    sandbox.rows(f"create table things (id bigint primary key, clinic_id text not null, {columns})")
    steps.endpoint(sandbox)
    sources.watch(sandbox, "things", "thing", include={name: name for name in TYPES})

    write(sandbox, 1)
    (body,) = all_valid(sandbox)

    for name in set(VALUES) - {"doc", "docb"}:
        with pytest.raises(ValidationError):
            valid(sandbox, {**body, "data": {**body["data"], name: None}})


def test_related_rows(sandbox: Host) -> None:
    """There, or null."""
    sandbox.rows("create table offers (id bigint primary key, price numeric not null, doc jsonb)")
    sandbox.rows("create table orders (id bigint primary key, clinic_id text, offer_id bigint)")
    sandbox.rows("insert into offers values (1, 10.5, '[1]')")
    steps.endpoint(sandbox)
    sources.watch(sandbox, "orders", "order", related=[OFFER])

    sandbox.rows("insert into orders values (1, %s, 1), (2, %s, null)", CLINIC, CLINIC)
    found, missing = all_valid(sandbox)

    assert (found["data"]["offer"], missing["data"]["offer"]) == ({"id": "1", "cost": 1050, "doc": [1]}, None)
    assert catalogue(sandbox)["order.created"]["example"]["data"]["offer"] == {"id": "1", "cost": 14900, "doc": {}}
    for wrong in ({}, {"id": "1", "cost": None, "doc": None}, 5):
        with pytest.raises(ValidationError):
            valid(sandbox, {**found, "data": {**found["data"], "offer": wrong}})


def test_an_enum_grows(host: Host) -> None:
    """A value that the host adds later is valid by the schema that receivers have."""
    steps.endpoint(host)
    host.rows("alter type payment_status add value 'disputed'")

    host.pay()
    host.rows("update payment_transactions set status = 'disputed'")

    assert [body["data"]["status"] for body in all_valid(host)] == ["pending", "disputed"]


def test_a_source_that_changes(sandbox: Host) -> None:
    """watch() anew: what is no longer emitted leaves the catalogue, and the rest follows the mapping."""
    rule = {"type": "charge.created", "when": "inserted"}

    sources.watch(sandbox, "payment_transactions", "charge", columns={}, rules=[rule])
    entries = catalogue(sandbox)
    sandbox.rows("select outbound_webhooks.unwatch('payment_transactions')")

    assert list(entries) == ["charge.created"]
    assert "amount" not in entries["charge.created"]["schema"]["properties"]["data"]["properties"]
    assert catalogue(sandbox) == {}


def test_in_your_own_words(sandbox: Host) -> None:
    """What people describe stays as they described it, until its source goes; types of emit() stay for good."""
    describe = "select outbound_webhooks.describe_event_type(%s, %s, %s, %s)"
    for name in (CREATED, "statement.closed"):
        sandbox.rows(describe, name, "In our words.", '{"type": "object"}', '{"our": "example"}')

    sources.watch(
        sandbox, "payment_transactions", "payment_transaction", columns=MAPPING, include={"note": "internal_note"}
    )
    entries = catalogue(sandbox)
    sandbox.rows("select outbound_webhooks.unwatch('payment_transactions')")

    for name in (CREATED, "statement.closed"):
        described = entries[name]
        assert (described["description"], described["example"]) == ("In our words.", {"our": "example"})
    other = entries["payment_transaction.status_changed"]["schema"]["properties"]["data"]["properties"]
    assert "note" in other
    assert list(catalogue(sandbox)) == ["statement.closed"]


def test_a_payload_function_of_the_dba(sandbox: Host) -> None:
    """Only its author knows what it says: the catalogue takes in nothing, and lets go what is no longer emitted."""
    sandbox.rows(
        "create or replace function outbound_webhooks.payload_payment_transactions("
        "payment anyelement, previous json default null) returns json language plpgsql"
        " as $$ begin return json_build_object('mine', payment.id); end $$"
    )
    before = catalogue(sandbox)
    rules = [
        {"type": CREATED, "when": "inserted"},
        {"type": "payment_transaction.paid", "when": "changed", "field": "status", "to": "paid"},
    ]

    sources.watch(sandbox, "payment_transactions", "payment_transaction", columns={}, rules=rules)

    assert catalogue(sandbox) == {CREATED: before[CREATED]}


@pytest.mark.parametrize(
    ("role", "may_describe"),
    [("outbound_webhooks_admin", True), ("outbound_webhooks_dispatcher", False), ("outbound_webhooks_monitor", False)],
)
def test_who_may(sandbox: Host, role: str, may_describe: bool) -> None:
    """All our roles read the catalogue; the admin role describes."""
    sandbox.rows(f"set local role {role}")
    may = "select has_function_privilege('outbound_webhooks.describe_event_type(text, text, jsonb, jsonb)', 'execute')"

    found = catalogue(sandbox)
    allowed = sandbox.value(may)
    sandbox.rows("reset role")

    assert len(found) == 3
    assert allowed is may_describe


def test_operational_events(sandbox: Host) -> None:
    """What we emit ourselves is there from the start, and the bodies that are really made fit."""
    sandbox.rows("update outbound_webhooks.settings set breaker_failures = 1000")
    about = steps.endpoint(sandbox, event_types=["payment_transaction.*"]).id
    steps.endpoint(sandbox, event_types=["endpoint.*", "delivery.*"])
    tell = "select outbound_webhooks.tell_operations()"
    steps.emit(sandbox)
    steps.end_all(sandbox, {**steps.DEAD, "disable": "the receiver answered 410 Gone"})
    sandbox.rows(tell)
    sandbox.rows("select outbound_webhooks.resume_endpoint(%s)", about)
    steps.emit(sandbox)
    steps.end_all(sandbox, steps.SUCCEEDED)
    sandbox.rows(tell)

    told = {
        body["type"]: body for body in steps.bodies(sandbox) if body["type"].partition(".")[0] != "payment_transaction"
    }

    assert set(ours(sandbox)) == {*told, "webhook.test"}
    for name, entry in ours(sandbox).items():
        Draft202012Validator.check_schema(entry["schema"])
        for body in (entry["example"], told.get(name, entry["example"])):
            Draft202012Validator(entry["schema"], format_checker=Draft202012Validator.FORMAT_CHECKER).validate(body)


def test_the_operational_ones_in_your_own_words(sandbox: Host) -> None:
    """They stay so when the functions are loaded again; what nobody described is as this release says."""
    sandbox.rows(
        "select outbound_webhooks.describe_event_type('delivery.dead', 'In our words.', '{\"type\": \"object\"}', '{}')"
    )
    sandbox.rows("update outbound_webhooks.event_types set description = 'as it was' where name = 'endpoint.disabled'")
    before = sandbox.value("select max(id) from outbound_webhooks.audit_log")

    sandbox.rows("select outbound_webhooks.catalogue_operations()")
    sandbox.rows("select outbound_webhooks.catalogue_operations()")
    lines = sandbox.rows("select action, subject from outbound_webhooks.audit_log where id > %s", before)

    assert catalogue(sandbox)["delivery.dead"]["description"] == "In our words."
    assert ours(sandbox)["endpoint.disabled"]["description"].startswith("An endpoint was disabled")
    assert lines == [{"action": "event_type.changed", "subject": "event type endpoint.disabled"}]


def test_an_installation_is_no_line_of_the_audit_log(lasting_host: Host) -> None:
    """The entries that come with it are nobody's deed."""
    lines = lasting_host.rows(
        "select subject from outbound_webhooks.audit_log where action like 'event_type.%%' and subject !~ 'payment_'"
    )

    assert lines == []

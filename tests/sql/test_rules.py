"""Rules as data: tables with event types of their own, and only the triggers that their rules need."""

import pytest

from tests.sql import sources, steps
from tests.support.host import CLINIC, Host

INVOICES = """
create table invoices (
    id bigint generated always as identity primary key,
    clinic_id text not null,
    state text not null default 'draft',
    total numeric(12, 2) not null default 100,
    paid numeric(12, 2),
    currency text not null default 'BRL',
    sent_at timestamptz
)
"""
COLUMNS = {"status": "state", "amount": "total"}
INCLUDE = {"paid_amount": "paid", "sent_at": "sent_at"}
CREATED = {"type": "invoice.created", "when": "inserted"}
SENT = {"type": "invoice.sent", "when": "changed", "field": "sent_at"}
OVERDUE = {"type": "invoice.overdue", "when": "changed", "field": "status", "to": "overdue"}
PARTIALLY_PAID = {"type": "invoice.partially_paid", "when": "grew", "field": "paid_amount", "below": "amount"}


def watch_invoices(host: Host, *rules: dict[str, str]) -> None:
    """A table of invoices, watched by rules, and an endpoint."""
    if host.value("select to_regclass('invoices') is null"):
        host.rows(INVOICES)
        steps.endpoint(host)
    sources.watch(
        host, "invoices", "invoice", columns=COLUMNS, include=INCLUDE, amounts=["paid_amount"], rules=rules
    )  # fmt: skip


def invoice(host: Host) -> None:
    """Insert an invoice."""
    host.rows("insert into invoices (clinic_id) values (%s)", CLINIC)


def triggers(host: Host, table: str = "invoices") -> list[str]:
    """Our triggers on a table."""
    rows = host.rows("select tgname from pg_trigger where tgrelid = %s::regclass order by 1", table)
    return [str(row["tgname"]).removeprefix("00_outbound_webhooks_") for row in rows]


def test_the_life_of_an_invoice(sandbox: Host) -> None:
    """Each change makes the events of its rules, in their order, with what was before; others make none."""
    watch_invoices(sandbox, CREATED, SENT, OVERDUE, PARTIALLY_PAID)

    invoice(sandbox)
    sandbox.rows("update invoices set sent_at = '2026-01-31 12:00Z', currency = 'BRL'")
    sandbox.rows("update invoices set state = 'sent'")
    sandbox.rows("update invoices set state = 'overdue'")
    sandbox.rows("update invoices set state = 'overdue', total = 90")
    sandbox.rows("update invoices set paid = 25.5")
    sandbox.rows("update invoices set paid = 20")
    sandbox.rows("update invoices set paid = 90")
    sandbox.rows("update invoices set paid = 91")
    found = [(kind, data["previous"]) for kind, data in sources.events(sandbox)]

    assert found == [
        ("invoice.created", None),
        ("invoice.sent", {"sent_at": None}),
        ("invoice.overdue", {"status": "sent"}),
        ("invoice.partially_paid", {"paid_amount": None}),
    ]
    assert sources.events(sandbox)[-1][1]["paid_amount"] == 2550
    assert sources.ledger(sandbox) == []


@pytest.mark.parametrize("rules", [(SENT, OVERDUE, PARTIALLY_PAID), (PARTIALLY_PAID, OVERDUE, SENT)])
def test_one_update_for_all(sandbox: Host, rules: tuple[dict[str, str], ...]) -> None:
    """An update that all rules are about makes their events in the order of the rules."""
    watch_invoices(sandbox, *rules)

    invoice(sandbox)
    sandbox.rows("update invoices set state = 'overdue', paid = 1, sent_at = now()")

    assert sources.types(sandbox) == [rule["type"] for rule in rules]


def test_growth_without_a_bound(sandbox: Host) -> None:
    """Without "below" each growth tells, also beyond the amount, and from nothing to something."""
    rule = {"type": "invoice.paid", "when": "grew", "field": "paid_amount"}
    watch_invoices(sandbox, rule)
    invoice(sandbox)

    for value in ("0", "null", "1", "1", "1000", "999", "null"):
        sandbox.rows(f"update invoices set paid = {value}")
    found = [(data["previous"]["paid_amount"], data["paid_amount"]) for _, data in sources.events(sandbox)]

    assert found == [(None, 100), (100, 100000)]


def test_a_table_beside_the_payments(sandbox: Host) -> None:
    """Three sources at once, each with its own resource and its own events."""
    watch_invoices(sandbox, CREATED)
    sandbox.rows("create table receipts (id uuid primary key default gen_random_uuid(), clinic_id text)")
    sources.watch(sandbox, "receipts", "receipt", rules=[{"type": "receipt.issued", "when": "inserted"}])

    sandbox.rows("insert into receipts (clinic_id) values (%s)", CLINIC)
    invoice(sandbox)
    payment = sandbox.pay()
    rows = sandbox.rows("select type, resource, source from outbound_webhooks.events order by id")

    assert [tuple(row.values()) for row in rows] == [
        ("receipt.issued", "receipt", "receipts"),
        ("invoice.created", "invoice", "invoices"),
        ("payment_transaction.created", "payment_transaction", "payment_transactions"),
    ]
    assert sources.events(sandbox)[-1][1]["id"] == str(payment)


def test_refunds_that_are_only_a_status(sandbox: Host) -> None:
    """A host without a refunded amount maps a status to the event."""
    rules = [
        {"type": "charge.created", "when": "inserted"},
        {"type": "charge.status_changed", "when": "changed", "field": "status"},
        {"type": "charge.partially_refunded", "when": "changed", "field": "status", "to": "partially_refunded"},
    ]
    sandbox.rows("create table charges (id bigint primary key, clinic_id text, status text, amount bigint)")
    steps.endpoint(sandbox)
    sources.watch(sandbox, "charges", "charge", rules=rules)

    sandbox.rows("insert into charges values (1, %s, 'partially_refunded', 100)", CLINIC)
    sandbox.rows("update charges set status = 'paid'")
    sandbox.rows("update charges set status = 'partially_refunded'")
    sandbox.rows("update charges set status = 'partially_refunded', amount = 90")
    sandbox.rows("update charges set status = null")

    assert [(kind, data["previous"]) for kind, data in sources.events(sandbox)] == [
        ("charge.created", None),
        ("charge.status_changed", {"status": "partially_refunded"}),
        ("charge.status_changed", {"status": "paid"}),
        ("charge.partially_refunded", {"status": "paid"}),
        ("charge.status_changed", {"status": "partially_refunded"}),
    ]


@pytest.mark.parametrize(
    ("column_type", "to", "before", "after"),
    [
        ("text", "paid", "new", "paid"),
        ("char(10)", "paid", "new", "paid"),
        ("integer", 2, "1", "2"),
        ("integer", "2", "1", "2"),
        ("boolean", True, "f", "t"),
        ("boolean", "t", "f", "t"),
        ("numeric(10, 2)", 0, "5", "0"),
        ("date", "2026-01-31", "2026-01-01", "2026-01-31"),
        ("payment_status", "paid", "pending", "paid"),
        ("state", "paid", "new", "paid"),
        ("text", 'it\'s \\ "$body$" %s', "new", 'it\'s \\ "$body$" %s'),
    ],
)
def test_values_of_every_type(sandbox: Host, column_type: str, to: object, before: str, after: str) -> None:
    """ "to" is compared in the type of the column, whatever the session's settings."""
    sandbox.rows("create domain state as text check (value <> '')")
    sandbox.rows(f"create table things (id bigint primary key, clinic_id text, state {column_type})")
    steps.endpoint(sandbox)
    rule = {"type": "thing.done", "when": "changed", "field": "status", "to": to}
    sources.watch(sandbox, "things", "thing", columns={"status": "state"}, rules=[rule])

    sandbox.rows("insert into things values (1, %s, %s)", CLINIC, before)
    sandbox.rows("set local datestyle = 'German'")
    sandbox.rows("update things set state = %s", after)

    assert sources.types(sandbox) == ["thing.done"]
    assert sources.ledger(sandbox) == []


def test_only_the_triggers_that_are_needed(sandbox: Host) -> None:
    """Rules for inserts alone have no trigger on updates, and the other way round; changing rules follows."""
    watch_invoices(sandbox, CREATED)
    assert triggers(sandbox) == ["insert"]

    watch_invoices(sandbox, SENT, OVERDUE)
    assert triggers(sandbox) == ["update"]
    invoice(sandbox)
    sandbox.rows("update invoices set state = 'overdue'")
    assert sources.types(sandbox) == ["invoice.overdue"]

    watch_invoices(sandbox, CREATED, SENT)
    assert triggers(sandbox) == ["insert", "update"]
    invoice(sandbox)
    sandbox.rows("update invoices set state = 'overdue' where id = 2")
    assert sources.types(sandbox) == ["invoice.overdue", "invoice.created"]


def test_a_change_of_rules_leaves_the_triggers_it_can(sandbox: Host) -> None:
    """A trigger that stays as it is costs the table no lock: it is not made again."""
    watch_invoices(sandbox, CREATED, SENT)
    before = sandbox.rows("select oid, xmin from pg_trigger where tgrelid = 'invoices'::regclass order by oid")

    watch_invoices(sandbox, CREATED, OVERDUE)

    assert sandbox.rows("select oid, xmin from pg_trigger where tgrelid = 'invoices'::regclass order by oid") == before

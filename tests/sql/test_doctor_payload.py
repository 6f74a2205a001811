"""doctor(): what a payload reads, and the payload function, the DBA's own as well."""

import pytest

from tests.sql import steps
from tests.sql.doctoring import WATCH, findings, only_finding, remedy, watch_again
from tests.support.host import MAPPING, Host

SOURCE = "source payment_transactions"
PAYLOAD = "outbound_webhooks.payload_payment_transactions"
OWNER = "outbound_webhooks_owner"
HIDDEN = "the others are null in payloads"
SHOP = (
    '[{"name": "shop", "table": "private.shops", "by": "shop_id",'
    ' "columns": {"name": "name", "fee": "fee"}, "amounts": ["fee"]}]'
)


def own_payload(expression: str, settings: str = "") -> str:
    """The statement with which a DBA replaces the payload function."""
    return (
        f"create or replace function {PAYLOAD}(payment anyelement, previous json default null) returns json"
        f" language plpgsql {settings} as $$ begin return json_build_object('own', {expression}); end $$"
    )


@pytest.fixture
def related(healthy: Host) -> Host:
    """A host whose payload has a row of a table in another schema."""
    healthy.rows("create schema private")
    healthy.rows("create table private.shops (id bigint primary key, name text, fee integer)")
    healthy.rows("alter table payment_transactions add column shop_id bigint")
    healthy.rows(
        WATCH, "payment_transactions", MAPPING, "payment_transaction", None, "{}", [], SHOP, None, False
    )  # fmt: skip
    assert findings(healthy) == []
    return healthy


def test_the_dbas_own(healthy: Host) -> None:
    """A payload function of the DBA's own is worth a note; the way back to the generated one is said."""
    healthy.pay()
    healthy.rows(own_payload("payment.id"))

    found = only_finding(healthy)
    drop, _, command = (
        str(found["remedy"]).removeprefix("nothing to do; to have it generated again: ").partition(", then ")
    )
    healthy.rows(drop)
    watch_again(healthy, command)

    assert (found["severity"], found["code"], found["subject"]) == ("note", "payload-own", SOURCE)
    assert "is your own" in found["finding"]
    assert findings(healthy) == []


@pytest.mark.parametrize("path", ["''", "public", "pg_temp, pg_catalog", "my_pg_temp"])
def test_an_own_payload_with_an_unsafe_path(healthy: Host, path: str) -> None:
    """A search_path without pg_temp at its end searches a writer's temporary objects first (docs/adr/0005)."""
    healthy.rows(own_payload("payment.id", f"set search_path = {path}"))

    unsafe, note = findings(healthy)
    remedy(healthy, unsafe)

    assert (unsafe["severity"], unsafe["subject"]) == ("problem", SOURCE)
    assert "does not end with pg_temp" in unsafe["finding"]
    assert findings(healthy) == [note]


def test_an_own_payload_with_a_safe_path(healthy: Host) -> None:
    """With pg_temp last there is nothing to say but that it is the DBA's own."""
    healthy.rows(own_payload("payment.id", "set search_path = pg_catalog, public, pg_temp"))

    assert [row["severity"] for row in findings(healthy)] == ["note"]


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("payment.colour", 'record "payment" has no field "colour" (42703)'),
        ("1 / (payment.amount_cents - 4711)", "no payload can be made of its newest row: (22012)"),
        ("('no number ' || payment.clinic_id)::integer", "no payload can be made of its newest row: (22P02)"),
    ],
    ids=["a name", "a value", "a value in the error"],
)
def test_the_newest_row(healthy: Host, expression: str, text: str) -> None:
    """The payload function fails for the newest row: an error about names is shown, one that may hold values is not."""
    healthy.pay(amount=1)
    payment = healthy.pay(amount=4711)
    healthy.rows(own_payload(expression))

    found, note = findings(healthy)
    healthy.rows(own_payload("payment.id"))

    assert (found["severity"], found["code"], note["severity"]) == ("problem", "payload-fails", "note")
    assert found["finding"].endswith(text)
    assert f"outbound-webhooks payload preview payment_transactions {payment} " in found["remedy"]
    assert findings(healthy) == [note]


def test_a_body_that_is_too_large(healthy: Host) -> None:
    """The newest row's body is over the limit: every capture of such rows would go to the ledger."""
    healthy.pay()
    healthy.rows(own_payload("repeat('x', 300000)"))

    found, note = findings(healthy)
    healthy.rows(own_payload("repeat('x', 3000)"))

    assert found["code"] == "body-too-large"
    assert "more than settings.max_body_bytes (262144)" in found["finding"]
    assert findings(healthy) == [note]


def test_a_key_without_an_index(healthy: Host) -> None:
    """Where no index makes it cheap to find the newest row, it is not looked for."""
    healthy.pay()
    healthy.rows(own_payload("payment.colour"))
    healthy.rows("alter table payment_transactions drop constraint payment_transactions_pkey")

    assert [row["severity"] for row in findings(healthy)] == ["note"]


@pytest.mark.parametrize(
    ("fault", "code", "text"),
    [
        (
            "revoke usage on schema private from outbound_webhooks_owner",
            "usage-missing", "outbound_webhooks_owner may not use the schema private, where it reads private.shops",
        ),
        (
            "revoke select on private.shops from outbound_webhooks_owner",
            "select-missing", "outbound_webhooks_owner may not read private.shops",
        ),
        (
            "alter table private.shops enable row level security",
            "rows-hidden", f"row-level security hides all rows of private.shops from {OWNER}: {HIDDEN}",
        ),
    ],
)  # fmt: skip
def test_rights_on_related_rows(related: Host, fault: str, code: str, text: str) -> None:
    """What the owner role may not read of a related table is found, with the statement that grants it."""
    related.rows(fault)

    found = only_finding(related)
    related.rows(str(found["remedy"]))

    assert (found["severity"], found["code"], found["subject"], found["finding"]) == ("problem", code, SOURCE, text)
    assert findings(related) == []


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        ("for select using (name = current_setting('app.shop', true))", [("warning", "rows-filtered")]),
        ("for select to outbound_webhooks_owner using (name <> '')", [("warning", "rows-filtered")]),
        ("for select to outbound_webhooks_admin using (true)", [("problem", "rows-hidden")]),
        ("for update using (true)", [("problem", "rows-hidden")]),
        ("using (true)", []),
        ("for select to readers using (true)", []),
    ],
)
def test_policies(related: Host, policy: str, found: list[tuple[str, str]]) -> None:
    """A policy for all rows is fine, however it reaches us; one with a condition decides what is seen; one for
    others does not count. Where nothing is found, watch() takes the table.
    """
    related.rows("create role readers")
    related.rows("grant readers to outbound_webhooks_owner")
    related.rows("alter table private.shops enable row level security")
    related.rows(f"create policy shop on private.shops {policy}")

    assert [(row["severity"], row["code"]) for row in findings(related)] == found
    if not found:
        related.rows(WATCH, "payment_transactions", MAPPING, "payment_transaction", None, "{}", [], SHOP, None, False)


@pytest.mark.parametrize(
    ("fault", "text", "mended"),
    [
        ("drop table private.shops", "private.shops", SHOP.replace("private.", "")),
        (
            "alter table private.shops rename column name to title",
            "table private.shops has no column name (mapped to name)",
            SHOP.replace('"name": "name"', '"name": "title"'),
        ),
        (
            "alter table private.shops alter column fee type text",
            "column fee of private.shops is of type text, and has to be a number",
            SHOP.replace(', "amounts": ["fee"]', ""),
        ),
    ],
)
def test_related_tables_that_changed(related: Host, fault: str, text: str, mended: str) -> None:
    """A related table or column that is gone, or an amount that is no number, is found; watch() puts it right."""
    related.rows("create table shops (id bigint primary key, name text, fee integer)")
    related.rows(fault)

    found = only_finding(related)
    related.rows(
        WATCH, "payment_transactions", MAPPING, "payment_transaction", None, "{}", [], mended, None, False
    )  # fmt: skip

    assert (found["severity"], found["subject"]) == ("problem", SOURCE)
    assert found["code"] == "related-broken"
    assert found["finding"].startswith("related rows: ")
    assert text in found["finding"]
    assert "--related '{" in found["remedy"]
    assert findings(related) == []


def test_a_payload_that_makes_no_event(related: Host) -> None:
    """What the doctor finds is what happens: with a related table that may not be read, changes go to the ledger."""
    related.rows("revoke select on private.shops from outbound_webhooks_owner")
    related.pay()

    ledger, right = findings(related)
    related.rows(str(right["remedy"]))
    related.rows("select outbound_webhooks.recapture()")

    assert ledger["finding"].startswith("changes of payment_transactions that were not captured: 1; the oldest of ")
    assert ledger["finding"].endswith(" (SQLSTATE 42501)")
    assert findings(related) == []
    assert len(steps.bodies(related)) == 1

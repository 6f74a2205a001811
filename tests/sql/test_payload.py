"""What a payload says: keys and status of every type, the size limit, the DBA's own function."""

import json

import pytest

from dispatcher.migrate import migrate
from tests.sql import sources, steps
from tests.support.host import CLINIC, MAPPING, Host

OWN = (
    "create or replace function outbound_webhooks.payload_payment_transactions("
    "payment anyelement, previous json default null) returns json language plpgsql stable"
    " set search_path = pg_catalog, pg_temp as $$ begin"
    " return json_build_object('mine', payment.id, 'before', previous -> 'status'); end $$"
)


def things(host: Host, columns: str, **arguments: object) -> None:
    """A watched table with given columns, and an endpoint."""
    host.rows("create domain code as text check (value <> '')")
    host.rows(f"create table things (clinic_id text default '{CLINIC}', {columns})")
    steps.endpoint(host)
    sources.watch(host, "things", "thing", **arguments)


@pytest.mark.parametrize(
    ("column_type", "key", "shown"),
    [
        ("bigint", "9007199254740993", "9007199254740993"),
        ("uuid", "5F0C8F0E-3C52-4F6B-9D0B-2F7A3C1E9A10", "5f0c8f0e-3c52-4f6b-9d0b-2f7a3c1e9a10"),
        ("text", 'it\'s "one" \\ $body$ é', 'it\'s "one" \\ $body$ é'),
        ("char(8)", "ab", "ab"),
        ("varchar(8)", "ab ", "ab "),
        ("code", "c-1", "c-1"),
        ("numeric(10, 2)", "1.50", "1.50"),
        ("date", "2026-01-31", "2026-01-31"),
        ("bytea", "\\x00ff", "\\x00ff"),
    ],
)
def test_keys(sandbox: Host, column_type: str, key: str, shown: str) -> None:
    """A key is a string, whatever its type; by that string emit_row() finds the row, whatever the settings."""
    things(sandbox, f"id {column_type} primary key, status text")

    sandbox.rows("set local datestyle = 'German'; set local bytea_output = 'escape'")
    sandbox.rows("insert into things (id) values (%s)", key)
    sandbox.rows("update things set status = 'paid'")
    sandbox.rows("select outbound_webhooks.emit_row('things', %s)", shown)
    rows = sandbox.rows("select resource_id from outbound_webhooks.events")

    assert [data["id"] for _, data in sources.events(sandbox)] == [shown] * 3
    assert [row["resource_id"] for row in rows] == [shown] * 3
    assert sources.ledger(sandbox) == []


@pytest.mark.parametrize(
    ("column_type", "key", "other"),
    [("varchar(5)", "abcde", "abcdef"), ("char(5)", "abcde", "abcdef"), ("numeric(5, 1)", "1.5", "1.54")],
)
def test_a_key_that_only_begins_like_one(sandbox: Host, column_type: str, key: str, other: str) -> None:
    """A key is not cut down to what the column could hold: another row's event would come of it."""
    things(sandbox, f"id {column_type} primary key")
    sandbox.rows("insert into things (id) values (%s)", key)

    with pytest.raises(Exception, match="has no row with the key"), sandbox.connection.transaction():
        sandbox.rows("select outbound_webhooks.emit_row('things', %s)", other)


@pytest.mark.parametrize(
    ("column_type", "before", "after"),
    [
        ("text", "new", "paid"),
        ("payment_status", "pending", "paid"),
        ("integer", 1, 2),
        ("smallint", None, 2),
        ("code", "new", "paid"),
        ("boolean", False, True),
        ("char(6)", "new   ", "paid  "),
        ("jsonb", {"a": 1}, {"a": 2}),
        ("text[]", ["new"], ["new", "paid"]),
    ],
)
def test_status(sandbox: Host, column_type: str, before: object, after: object) -> None:
    """A status of any type, and what it was."""
    things(sandbox, f"id bigint primary key, status {column_type}")
    as_parameter = [json.dumps(value) if isinstance(value, dict) else value for value in (before, after)]

    sandbox.rows(f"insert into things (id, status) values (1, %s::{column_type})", as_parameter[0])
    sandbox.rows(f"update things set status = %s::{column_type}", as_parameter[1])
    created, changed = (data for _, data in sources.events(sandbox))

    assert created["status"] == before
    assert (changed["status"], changed["previous"]) == (after, {"status": before})


def test_money_before_a_change(sandbox: Host) -> None:
    """What an amount was is in minor units, too, of the currency it was in."""
    things(sandbox, "id bigint primary key, amount numeric, refunded_amount numeric, currency text default 'BRL'")
    sandbox.rows("insert into things (id, amount, refunded_amount) values (1, 10.5, 0.25)")

    sandbox.rows("update things set refunded_amount = 1.999, currency = 'KWD'")
    (_, data) = sources.events(sandbox)[-1]

    assert (data["amount"], data["refunded_amount"], data["previous"]) == (10500, 1999, {"refunded_amount": 25})


@pytest.mark.parametrize(
    ("column_type", "amount", "minor"),
    [("real", "123456.78", 12345678), ("double precision", "12345678901234.56", 1234567890123456)],
)
def test_a_float_is_not_rounded(sandbox: Host, column_type: str, amount: str, minor: int) -> None:
    """The shortest text that means the stored number, whatever the session's extra_float_digits."""
    things(sandbox, f"id bigint primary key, amount {column_type}")
    sandbox.rows("set local extra_float_digits = -5")

    sandbox.rows("insert into things (id, amount) values (1, %s)", amount)

    assert sources.events(sandbox)[0][1]["amount"] == minor


def test_included_fields(sandbox: Host) -> None:
    """Parts in their order, then the others by name; amounts among them are in minor units; nothing else of the row."""
    things(
        sandbox, 'id bigint primary key, "taxAmount" numeric, note text, secret text, "createdAt" timestamp',
        include={"tax": "taxAmount", "remark": "note", "net": "taxAmount"}, amounts=["tax"],
    )  # fmt: skip

    sandbox.rows("insert into things (id, \"taxAmount\", note, secret) values (1, 1.5, 'hello', 'x')")
    (_, data) = sources.events(sandbox)[0]

    assert list(data) == ["id", "clinic_id", "created_at", "net", "remark", "tax", "previous"]
    assert (data["tax"], data["net"], data["remark"]) == (150, 1.5, "hello")


@pytest.mark.parametrize("over", [0, 1])
def test_the_size_of_a_body(sandbox: Host, over: int) -> None:
    """A body as large as the limit is sent; one byte more, and the change is in the ledger with that reason."""
    things(sandbox, "id bigint primary key, note text", include={"note": "note"})
    sandbox.rows("insert into things (id, note) values (1, repeat('é', 3000))")
    (size,) = sandbox.rows("select octet_length(body) as bytes from outbound_webhooks.events")
    limit = int(str(size["bytes"]))
    sandbox.rows("update outbound_webhooks.settings set max_body_bytes = %s", limit - over)

    sandbox.rows("insert into things (id, note) values (2, repeat('é', 3000))")

    assert limit > 6000
    assert sandbox.value("select count(*) from things") == 2
    assert len(sources.types(sandbox)) == 2 - over
    assert sources.ledger(sandbox) == over * [
        ("54000", f"the body has {limit} bytes, more than the {limit - 1} that settings.max_body_bytes allows")
    ]


def test_a_payload_function_of_the_dba(host: Host) -> None:
    """It decides every body, of emit_row() and the preview, too; watch() and migrate() keep it, word for word."""
    steps.endpoint(host)
    host.rows(OWN)
    look = "select pg_get_functiondef('outbound_webhooks.payload_payment_transactions'::regproc)"
    before = host.value(look)

    sources.watch(
        host, "payment_transactions", "payment_transaction", columns=MAPPING, include={"note": "internal_note"}
    )
    migrate(host.url)
    payment = host.pay()
    host.rows("update payment_transactions set status = 'paid'")
    host.rows("select outbound_webhooks.emit_row('payment_transactions', %s)", str(payment))
    preview = json.loads(str(host.value("select outbound_webhooks.preview_payload('payment_transactions', '1')")))

    assert host.value(look) == before
    assert [data for _, data in sources.events(host)] == [
        {"mine": payment, "before": None},
        {"mine": payment, "before": "pending"},
        {"mine": payment, "before": None},
    ]
    assert preview["data"] == {"mine": payment, "before": None}


def test_unwatch_ends_it(sandbox: Host) -> None:
    """A table that is watched anew has a generated payload again."""
    steps.endpoint(sandbox)
    sandbox.rows(OWN)

    sandbox.rows("select outbound_webhooks.unwatch('payment_transactions')")
    sources.watch(sandbox, "payment_transactions", "payment_transaction", columns=MAPPING)
    sandbox.pay()

    assert sources.events(sandbox)[0][1]["amount"] == 1000

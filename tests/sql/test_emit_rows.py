"""emit_row and emit_rows: events about rows that are there, one by one and after a bulk load."""

import re

import psycopg
import pytest

from tests.sql import sources, steps
from tests.sql.conftest import Connect
from tests.support.host import CLINIC, Host

EMIT_ROW = "select outbound_webhooks.emit_row(%s, %s, %s)"
EMIT_ROWS = "select outbound_webhooks.emit_rows(%s, %s)"
LOAD = "copy payment_transactions (clinic_id, amount_cents) from stdin"


def load(host: Host, rows: list[tuple[str, int]]) -> list[str]:
    """Load payments with COPY, with capture off for this transaction; returns their keys."""
    host.rows("set local outbound_webhooks.capture = off")
    with host.connection.cursor() as cursor, cursor.copy(LOAD) as copy:
        for row in rows:
            copy.write_row(row)
    return [str(row["id"]) for row in host.rows("select id from payment_transactions order by id")]


def fails(host: Host, message: str, statement: str, *parameters: object) -> psycopg.Error:
    """A statement that must fail with a message."""
    with pytest.raises(psycopg.Error, match=re.escape(message)) as caught, host.connection.transaction():
        host.rows(statement, *parameters)
    return caught.value


def test_a_bulk_load(host: Host) -> None:
    """COPY with capture off, then emit_rows, in one transaction: what captures would have made, for whom they would."""
    steps.endpoint(host)
    steps.endpoint(host)
    steps.endpoint(host, "clinic-2")
    retired = steps.endpoint(host, "clinic-3")
    steps.set_state(host, retired.id, "retired")
    clinics = [CLINIC, "clinic-2", "clinic-3", "nobody"] * 25

    with host.connection.transaction():
        keys = load(host, [(clinic, n) for n, clinic in enumerate(clinics)])
        before = sources.types(host)
        made = host.value(EMIT_ROWS, "payment_transactions", keys)
    loaded = sources.events(host)
    sources.forget(host)
    host.rows("insert into payment_transactions (clinic_id, amount_cents) select * from unnest(%s::text[], %s::int[])",
        clinics, list(range(100)))  # fmt: skip
    captured = sources.events(host)

    assert (before, made, host.value("select count(*) from outbound_webhooks.deliveries")) == ([], 50, 75)
    assert [(kind, data["amount"], data["clinic_id"]) for kind, data in loaded] == [
        (kind, data["amount"], data["clinic_id"]) for kind, data in captured
    ]
    assert loaded[0][1].keys() == captured[0][1].keys()


def test_a_load_that_is_rolled_back(host: Host) -> None:
    """Nothing of it is told."""
    steps.endpoint(host)

    with host.connection.transaction(force_rollback=True):
        keys = load(host, [(CLINIC, 1)])
        assert host.value(EMIT_ROWS, "payment_transactions", keys) == 1

    assert sources.types(host) == []
    assert host.value("select count(*) from outbound_webhooks.deliveries") == 0
    assert host.pay()
    assert sources.types(host) == ["payment_transaction.created"]


@pytest.mark.parametrize(
    ("column_type", "keys"),
    [
        ("bigint", ["3", "1", "2"]),
        ("uuid", [f"00000000-0000-4000-8000-00000000000{n}" for n in (3, 1, 2)]),
        ("text", ["c", "a b", 'quo"te,{}']),
        ("char(3)", ["c", "a", "b"]),
    ],
)
def test_the_order_of_the_keys(sandbox: Host, column_type: str, keys: list[str]) -> None:
    """Events and deliveries are made in the order of the keys, not of the table."""
    sandbox.rows(f"create table things (id {column_type} primary key, clinic_id text)")
    sources.watch(sandbox, "things", "thing")
    sandbox.rows(
        f"insert into things select k::{column_type}, %s from unnest(%s::text[]) as k order by k", CLINIC, keys
    )
    steps.endpoint(sandbox)

    sandbox.rows("set local enable_nestloop = off")  # a nested loop keeps the order of the keys by chance
    made = sandbox.value(EMIT_ROWS, "things", keys)
    by_event = sandbox.rows("select resource_id from outbound_webhooks.events order by id")
    by_delivery = sandbox.rows(
        "select e.resource_id from outbound_webhooks.deliveries as d"
        " join outbound_webhooks.events as e on e.id = d.event_id order by d.id"
    )

    assert made == 3
    assert [row["resource_id"] for row in by_event] == [row["resource_id"] for row in by_delivery] == keys


def test_no_keys(sandbox: Host) -> None:
    """An empty load makes no events; array_agg() over no row is null."""
    assert sandbox.value(EMIT_ROWS, "payment_transactions", []) == 0
    assert sandbox.value(EMIT_ROWS, "payment_transactions", None) == 0


@pytest.mark.parametrize(
    ("keys", "message", "hint"),
    [
        (["1", "2", "99"], "the source payment_transactions has a row for only 2 of 3 keys", "Are all rows"),
        (["1", None], "the source payment_transactions has a row for only 1 of 2 keys", "Are all rows"),
        (["1", "2", "1"], "3 keys name only 2 rows of the source payment_transactions", "A row makes one event."),
        (["1", "01"], "2 keys name only 1 rows of the source payment_transactions", "A row makes one event."),
        (["1", "x"], 'invalid input syntax for type bigint: "x"', "None"),
    ],
)
def test_all_or_nothing(host: Host, keys: list[str | None], message: str, hint: str) -> None:
    """A key without a row, or one that is there twice: nothing is emitted."""
    host.pay()
    host.pay("nobody")
    steps.endpoint(host)

    error = fails(host, message, EMIT_ROWS, "payment_transactions", keys)

    assert hint in str(error.diag.message_hint)
    assert sources.types(host) == []


@pytest.mark.parametrize("call", ["emit_row(%s, '1')", "emit_rows(%s, '{1}')", "preview_payload(%s, '1')"])
def test_a_source_that_is_none(sandbox: Host, call: str) -> None:
    """The error names those there are."""
    sandbox.rows("create table things (id bigint primary key, clinic_id text)")
    sources.watch(sandbox, "things", "thing")

    for name in ("payments", "", None):
        error = fails(sandbox, "there is no event source named", f"select outbound_webhooks.{call}", name)
        assert error.diag.message_hint == "The sources: payment_transactions, things"


def test_a_source_that_only_tells_of_changes(sandbox: Host) -> None:
    """It has no type for a row that is there: one has to be named."""
    rule = {"type": "thing.changed", "when": "changed", "field": "status"}
    sandbox.rows("create table things (id bigint primary key, clinic_id text, status text)")
    sources.watch(sandbox, "things", "thing", rules=[rule])
    sandbox.rows("insert into things values (1, %s)", CLINIC)
    steps.endpoint(sandbox)
    message = "the source things makes no event of an inserted row: name an event type"

    fails(sandbox, message, EMIT_ROW, "things", "1", None)
    fails(sandbox, message, EMIT_ROWS, "things", ["1"])
    fails(sandbox, "event type 'x' is not resource.verb", EMIT_ROW, "things", "1", "x")
    sandbox.rows(EMIT_ROW, "things", "1", "thing.imported")

    assert sources.events(sandbox) == [
        ("thing.imported", {"id": "1", "clinic_id": CLINIC, "status": None, "previous": None})
    ]


def test_one_row(sandbox: Host) -> None:
    """emit_row tells whatever the switches say, and also of a clinic without an endpoint; it returns the event's id."""
    payment = str(sandbox.pay())
    sandbox.rows("select outbound_webhooks.set_capture(false)")

    event = sandbox.value(EMIT_ROW, "payment_transactions", payment, None)
    steps.endpoint(sandbox)
    sandbox.rows(EMIT_ROW, "payment_transactions", payment, "payment_transaction.synced")
    (first, second) = sandbox.rows("select * from outbound_webhooks.events order by id")

    assert (first["id"], first["type"]) == (event, "payment_transaction.created")
    assert (second["type"], second["source"]) == ("payment_transaction.synced", "payment_transactions")
    assert (second["resource"], second["resource_id"]) == ("payment_transaction", payment)
    assert sandbox.value("select count(*) from outbound_webhooks.deliveries") == 1
    for key in ("99", None):
        fails(sandbox, "has no row with the key", EMIT_ROW, "payment_transactions", key, None)


def test_a_row_without_a_clinic(sandbox: Host) -> None:
    """There is nobody to tell: emit_row says so, emit_rows passes over it."""
    sandbox.rows("create table things (id bigint primary key, clinic_id text)")
    sources.watch(sandbox, "things", "thing")
    sandbox.rows("insert into things values (1, null), (2, '')")

    for key in ("1", "2"):
        fails(
            sandbox, f"the row of the source things with the key '{key}' has no clinic", EMIT_ROW, "things", key, None
        )
    assert sandbox.value(EMIT_ROWS, "things", ["1", "2"]) == 0
    assert sources.types(sandbox) == []


def test_a_role_that_may_only_call(host: Host, connect: Connect) -> None:
    """EXECUTE, and nothing else of ours or the host's, is all that it takes."""
    payment = str(host.pay())
    steps.endpoint(host)
    host.rows("create role loader")
    host.rows("grant usage on schema outbound_webhooks to loader")
    calls = {"emit_row": "emit_row(text, text, text)", "emit_rows": "emit_rows(text, text[], text)"}
    session = connect()
    session.rows("set role loader")

    for signature in calls.values():
        fails(
            session, "permission denied for function", f"select outbound_webhooks.{signature.split('(')[0]}('a', null)"
        )
        host.rows(f"grant execute on function outbound_webhooks.{signature} to loader")
    session.rows(EMIT_ROW, "payment_transactions", payment, None)
    session.rows(EMIT_ROWS, "payment_transactions", [payment])
    fails(session, "permission denied for table payment_transactions", "select from payment_transactions")
    session.rows("reset role")
    host.rows("drop owned by loader; drop role loader")

    assert len(sources.types(host)) == 2

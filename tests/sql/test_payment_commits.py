"""What could still fail or hold up the host's write: tried, and it commits."""

import time

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.support.host import CLINIC, PAY, SCHEMA, Host

WATCH = "select outbound_webhooks.watch(%s, %s)"


def test_an_assertion_in_a_payload_function(sandbox: Host) -> None:
    """OTHERS does not catch a failed assertion; we do."""
    steps.endpoint(sandbox)
    sandbox.rows(
        "create or replace function outbound_webhooks.payload_payment_transactions("
        "payment anyelement, previous json default null)"
        " returns json language plpgsql as $$ begin assert false, 'never'; end $$"
    )

    sandbox.pay()

    assert sandbox.rows("select error_code from outbound_webhooks.capture_errors") == [{"error_code": "P0004"}]


def test_a_lock_is_waited_for_once(host: Host, connect: Connect) -> None:
    """While a table of ours is locked, a statement of many rows waits for one lock timeout and not for each row."""
    steps.endpoint(host)
    locker = connect()
    rows = 500
    with locker.connection.transaction():
        locker.rows("lock table outbound_webhooks.endpoints in access exclusive mode")
        started = time.monotonic()
        host.rows("insert into payment_transactions (clinic_id) select %s from generate_series(1, %s)", CLINIC, rows)
        waited = time.monotonic() - started
    host.pay()

    # 50 s if each row waited its 100 ms: the bound tells the two apart on any machine, also one that stands still.
    assert waited < rows * 0.1 / 2
    assert host.value("select count(*) from outbound_webhooks.capture_errors") == rows
    assert len(steps.bodies(host)) == 1


def test_a_virtual_generated_column(sandbox: Host) -> None:
    """On PostgreSQL 18: its error is not the host's, and it cannot be mapped, as triggers see it as null."""
    if sandbox.connection.info.server_version < 180000:
        with pytest.raises(psycopg.errors.SyntaxError), sandbox.connection.transaction():
            sandbox.rows("create table v (a integer, b integer generated always as (a) virtual)")
        return
    sandbox.rows(
        "create table charges (id bigint primary key, clinic_id text, amount integer, status text,"
        " share integer generated always as (100 / amount) virtual)"
    )
    sandbox.rows("select outbound_webhooks.watch('charges', p_resource => 'charge')")
    sandbox.rows("insert into charges (id, clinic_id, amount) values (1, %s, 1)", CLINIC)
    sandbox.rows("update charges set amount = 0")
    with pytest.raises(psycopg.errors.WrongObjectType, match="virtual"), sandbox.connection.transaction():
        sandbox.rows(WATCH, "charges", '{"amount": "share"}')

    assert sandbox.value("select amount from charges") == 0


def test_a_virtual_column_added_later(sandbox: Host) -> None:
    """Its error is not the host's either: nothing of ours compares whole rows."""
    if sandbox.connection.info.server_version < 180000:
        assert sandbox.value("select count(*) from pg_attribute where attgenerated = 'v'") == 0  # there are none
        return
    sandbox.pay()
    sandbox.rows("alter table payment_transactions add column share bigint generated always as (100 / amount_cents)")

    sandbox.rows("update payment_transactions set amount_cents = 0")

    assert sandbox.value("select amount_cents from payment_transactions") == 0


def test_json_without_a_jsonb_form(sandbox: Host) -> None:
    """Data with \\u0000 are an event as any other, unless an endpoint of the clinic filters."""
    steps.endpoint(sandbox)

    sandbox.rows("select outbound_webhooks.emit(%s, 'note.made', 'note', '1', %s)", CLINIC, '{"text": "\\u0000"}')

    assert sandbox.value("select count(*) from outbound_webhooks.deliveries") == 1


def test_poll_never_notifies(host: Host, connect: Connect) -> None:
    """With wake_up = poll nobody rings, even while a dispatcher sleeps."""
    steps.endpoint(host)
    listener = connect()
    listener.rows("listen outbound_webhooks")
    host.rows("update outbound_webhooks.settings set wake_up = 'poll'")
    while_it_sleeps = f"select outbound_webhooks.promise('asleep', '5 seconds'); {PAY}"
    host.rows(while_it_sleeps)
    host.rows("update outbound_webhooks.settings set wake_up = 'doorbell'")
    host.rows(while_it_sleeps)

    heard = list(listener.connection.notifies(timeout=30, stop_after=1))

    assert len(heard) == 1


def test_a_name_that_is_code(sandbox: Host) -> None:
    """A table's and a column's name are names, whatever they hold."""
    table, column = "pay\n$capture$; create table loot (); do $capture$", "it's $body$ $payload$"
    sandbox.connection.execute(
        SCHEMA.replace("payment_transactions", f'"{table}"').replace("create type", "--").encode()
    )
    sandbox.rows(f'alter table "{table}" rename column amount_cents to "{column}"')
    steps.endpoint(sandbox)

    mapping = {"amount": column, "refunded_amount": "refunded_cents"}
    sandbox.rows("select outbound_webhooks.watch(%s, %s, 'charge', 'odd')", f'"{table}"', Jsonb(mapping))
    sandbox.rows(f'insert into "{table}" (clinic_id, "{column}") values (%s, 5)', CLINIC)

    assert sandbox.value("select to_regclass('loot')") is None
    assert [body["data"]["amount"] for body in steps.bodies(sandbox)] == [5]


def test_partitioned_by_what_the_events_tell(sandbox: Host) -> None:
    """A row that changes its status would move, and be inserted anew: such a table is refused."""
    sandbox.rows("create table parts (id bigint, clinic_id text, status text) partition by list (status)")

    with pytest.raises(psycopg.errors.WrongObjectType, match="partitioned by status"), sandbox.connection.transaction():
        sandbox.rows("select outbound_webhooks.watch('parts', p_resource => 'part')")

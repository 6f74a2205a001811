"""reconcile() of tables as hosts have them: an ORM's, partitioned, keys of all types, a refund as a status."""

import pytest

from tests.sql import sources, steps
from tests.sql.reconciling import as_if_older, delete_event, named, recapture, reconcile, untold
from tests.sql.steps import endpoint
from tests.support import orm_host
from tests.support.host import CLINIC, Host

ORM_PAYMENT = (
    'insert into "PaymentTransaction" ("id", "clinicId", "totalAmount", "currencyCode", "updatedAt")'
    " values (%s, %s, 10.50, %s, current_timestamp)"
)


def test_a_table_as_an_orm_makes_it(host: Host) -> None:
    """Quoted names, cuid keys, an enum, decimal amounts in two currencies, timestamps without time zone."""
    source = orm_host.install(host, "charge")
    endpoint(host, orm_host.CLINIC)
    as_if_older(host)
    for key, currency in (("cm1", "BRL"), ("cm2", "KWD"), ("cm3", "BRL"), ("cm4", "BRL")):
        host.rows(ORM_PAYMENT, key, orm_host.CLINIC, currency)
    host.rows('update "PaymentTransaction" set "status" = \'PAID\' where "id" = \'cm3\'')
    clean = reconcile(host, source)
    with untold(host, orm_host.RELATION):
        host.rows('update "PaymentTransaction" set "refundedAmount" = 2.25 where "id" in (\'cm1\', \'cm2\')')
        host.rows('update "PaymentTransaction" set "status" = \'REFUNDED\' where "id" = \'cm3\'')
    delete_event(host, "cm4", "created")

    found = reconcile(host, source)

    assert clean == []
    assert named(found) == [
        ("change_without_event", "cm1", "partially_refunded"),
        ("change_without_event", "cm2", "partially_refunded"),
        ("change_without_event", "cm3", "status_changed"),
        ("row_without_event", "cm4", "created"),
    ]
    assert [row["problem"] for row in recapture(host, source)] == [None] * 4
    assert reconcile(host, source) == []
    told = {body["data"]["id"]: body["data"] for body in steps.bodies(host)}
    assert (told["cm1"]["refunded_amount"], told["cm2"]["refunded_amount"]) == (225, 2250)
    assert told["cm1"]["previous"] == {"refunded_amount": None}
    assert told["cm3"]["previous"] == {"status": "PAID"}


def test_a_refund_that_grew(host: Host) -> None:
    """Decimal amounts: what was before is in the event as the last one told it, in minor units."""
    source = orm_host.install(host, "charge")
    endpoint(host, orm_host.CLINIC)
    as_if_older(host)
    host.rows(ORM_PAYMENT, "cm1", orm_host.CLINIC, "BRL")
    host.rows('update "PaymentTransaction" set "refundedAmount" = 1.10')
    with untold(host, orm_host.RELATION):
        host.rows('update "PaymentTransaction" set "refundedAmount" = 2.20')
    host.rows('update "PaymentTransaction" set "refundedAmount" = 3.30')

    assert named(reconcile(host, source)) == [("change_between_events", "cm1", "partially_refunded")]
    recapture(host, source)
    assert reconcile(host, source) == []
    assert (steps.bodies(host)[-1]["data"]["refunded_amount"], steps.bodies(host)[-1]["data"]["previous"]) == (
        220,
        {"refunded_amount": 110},
    )


def test_a_refund_that_is_a_status(host: Host) -> None:
    """Hosts that keep refunds as a status alone map that one."""
    endpoint(host)
    host.rows(
        "create table charges (id uuid primary key default gen_random_uuid(), clinic_id text, state text,"
        " created_at timestamptz default now())"
    )
    rules = [
        {"type": "charge.created", "when": "inserted"},
        {"type": "charge.status_changed", "when": "changed", "field": "status"},
        {"type": "charge.partially_refunded", "when": "changed", "field": "status", "to": "partially_refunded"},
    ]
    source = sources.watch(host, "charges", "charge", columns={"status": "state"}, rules=rules)
    key = host.value("insert into charges (clinic_id, state) values (%s, 'paid') returning id", CLINIC)
    with untold(host, "charges"):
        host.rows("update charges set state = 'partially_refunded'")

    assert named(reconcile(host, source)) == [
        ("change_without_event", str(key), "status_changed"),
        ("change_without_event", str(key), "partially_refunded"),
    ]
    recapture(host, source)
    assert reconcile(host, source) == []
    assert sources.types(host) == ["charge.created", "charge.status_changed", "charge.partially_refunded"]


def test_a_partitioned_table(host: Host) -> None:
    """As the host's orders are: by clinic, with a key of two columns; a row that moved was told as created again."""
    endpoint(host)
    host.rows('create schema "Sales"')
    host.rows(
        'create table "Sales"."Orders" (id bigint, clinic_id text, status text, placed_at timestamptz default now(),'
        " day integer, primary key (id, clinic_id, day)) partition by list (day)"
    )
    for day in (1, 2):
        host.rows(f'create table "Sales"."Orders {day}" partition of "Sales"."Orders" for values in ({day})')
    source = sources.watch(host, '"Sales"."Orders"', "order", name="orders", columns={"created_at": "placed_at"})
    host.rows(
        'insert into "Sales"."Orders" (id, clinic_id, status, day) select n, %s, \'new\', 1 + n %% 2'
        " from generate_series(1, 6) as n",
        CLINIC,
    )
    host.rows('update "Sales"."Orders" set day = 1, status = \'sent\' where id = 1')
    clean = reconcile(host, source)
    with untold(host, '"Sales"."Orders"'):
        host.rows('update "Sales"."Orders" set status = \'sent\' where id in (2, 5)')

    assert clean == []
    assert named(reconcile(host, source)) == [
        ("change_without_event", "2", "status_changed"),
        ("change_without_event", "5", "status_changed"),
    ]
    recapture(host, source)
    assert reconcile(host, source) == []


@pytest.mark.parametrize(
    ("key_type", "keys"),
    [
        ("text", ["a'b", "A", "ä", ""]),
        ("varchar(3)", ["aaa", "b", "c", "d"]),
        ("numeric", ["10", "9", "1.5", "-3"]),
        ("timestamptz", ["2026-01-01 00:00:00+00", "2025-01-01 00:00:00+00", "2026-01-01 00:00:00.000001+00"]),
        ("uuid", ["00000000-0000-0000-0000-000000000002", "00000000-0000-0000-0000-000000000001"]),
    ],
)
def test_keys_of_all_types(host: Host, key_type: str, keys: list[str]) -> None:
    """Pages of one row, in the order of the key's own type: each row is looked at once."""
    endpoint(host)
    host.rows(f"create table things (id {key_type} primary key, clinic_id text, created_at timestamptz default now())")
    sources.watch(host, "things", "thing")
    with untold(host, "things"):
        for key in keys:
            host.rows("insert into things values (%s, %s)", key, CLINIC)
    found: list[object] = []
    after = None
    for _ in range(len(keys) + 1):
        rows = host.rows(
            "select * from outbound_webhooks.reconcile_rows('things', p_after => %s, p_limit => 1,"
            " p_margin => '0 seconds')",
            after,
        )
        found += [row["resource_id"] for row in rows if row["kind"] == "gap"]
        after = next((str(row["resource_id"]) for row in rows if row["kind"] == "looked"), after)

    assert found == [row["id"] for row in host.rows("select id::text from things order by things.id")]


def test_rows_with_one_key(host: Host) -> None:
    """Which there should not be: they are on one page, and none is passed over."""
    endpoint(host)
    host.rows("create table things (id bigint, clinic_id text, created_at timestamptz default now())")
    sources.watch(host, "things", "thing")
    with untold(host, "things"):
        host.rows("insert into things select 1, %s from generate_series(1, 3)", CLINIC)
    rows = host.rows("select * from outbound_webhooks.reconcile_rows('things', p_limit => 2, p_margin => '0 seconds')")

    assert [row["number"] for row in rows if row["kind"] == "looked"] == [3]
    assert len([row for row in rows if row["kind"] == "gap"]) == 3

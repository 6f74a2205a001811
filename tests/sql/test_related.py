"""Related rows in the payload: checkout, offer and product of a payment, and whatever a host calls its own."""

from typing import Any

import pytest

from dispatcher.demo import host as demo
from tests.sql import sources, steps
from tests.sql.conftest import Connect
from tests.support.host import CLINIC, Host

OFFERS = "create table offers (id bigint primary key, name text, price numeric(12, 3), currency text, cents bigint)"
ORDERS = """
create table orders (
    id bigint generated always as identity primary key, clinic_id text not null default 'clinic-1', currency text,
    offer_id bigint
)
"""
OFFER: dict[str, Any] = {
    "name": "offer",
    "table": "offers",
    "by": "offer_id",
    "columns": {"id": "id", "name": "name"},
}


@pytest.fixture
def orders(sandbox: Host) -> Host:
    """A host with orders and offers, and an endpoint."""
    sandbox.rows(OFFERS)
    sandbox.rows(ORDERS)
    sandbox.rows("insert into offers values (1, 'Basic', 10.5, 'BRL', 1050), (2, 'Plus', 500, 'JPY', 500)")
    steps.endpoint(sandbox)
    return sandbox


def related(host: Host, **changes: object) -> None:
    """Watch orders with their offers."""
    sources.watch(host, "orders", "order", related=[{**OFFER, **changes}])


def order(host: Host, offer: object = 1, currency: str = "BRL") -> Any:
    """Insert an order; returns what its event says, as far as it is not the order's own."""
    host.rows("insert into orders (offer_id, currency) values (%s, %s)", offer, currency)
    assert sources.ledger(host) == []
    (_, data) = sources.events(host)[-1]
    return {name: value for name, value in data.items() if name not in ("id", "clinic_id", "currency", "previous")}


def test_the_chain_of_the_demo(sandbox: Host) -> None:
    """Checkout, offer and product, each found by the row before it; ids are strings, money is in minor units."""
    sandbox.rows("drop table payment_transactions")
    sandbox.rows("drop type payment_status")
    sandbox.connection.execute(demo.SCHEMA.replace("create role clinic_app login;", "").replace("clinic_app", "public"))
    sandbox.connection.execute(demo.SEED)
    sources.watch(
        sandbox, "payment_transactions", "payment_transaction",
        columns=demo.MAPPING, include=demo.INCLUDE, related=demo.RELATED,
    )  # fmt: skip
    steps.endpoint(sandbox, "1")

    sandbox.connection.execute(demo.TRY_IT)
    sandbox.rows("update payment_transactions set status = 'paid'")
    created, changed = (data for _, data in sources.events(sandbox))
    expected = {
        "checkout": {"id": "1", "status": "completed"},
        "offer": {"id": "1", "name": "Offer 1", "price": 14900},
        "product": {"id": "1", "name": "Product 1"},
    }

    assert {name: created[name] for name in expected} == expected
    assert {name: changed[name] for name in expected} == expected
    assert list(created)[-4:] == ["checkout", "offer", "product", "previous"]
    assert changed["previous"] == {"status": "pending"}


def test_a_row_that_is_missing(orders: Host) -> None:
    """Null, also for all that would be found by it."""
    orders.rows("create table parts (id bigint primary key, offer_id bigint references offers)")
    parts = {"name": "part", "table": "parts", "by": "offer.id", "key": "id", "columns": {"id": "id"}}
    sources.watch(orders, "orders", "order", related=[OFFER, parts])

    assert order(orders, None) == {"offer": None, "part": None}
    assert order(orders, 99) == {"offer": None, "part": None}
    assert order(orders, 2) == {"offer": {"id": "2", "name": "Plus"}, "part": None}


def test_a_row_of_nulls(orders: Host) -> None:
    """A row that is there is an object, though all it says is null."""
    orders.rows("insert into offers (id) values (3)")
    related(orders, columns={"name": "name"})

    assert order(orders, 3) == {"offer": {"name": None}}


@pytest.mark.parametrize("name", ["a", "t", "row", "new", "old", "this", "order", "user", "select", "if", "found"])
def test_names_of_related_rows(orders: Host, name: str) -> None:
    """Keywords and names that our own SQL uses are names like any other."""
    related(orders, name=name)

    assert order(orders) == {name: {"id": "1", "name": "Basic"}}


@pytest.mark.parametrize("column", ["previous", "payment", "offer", "one row", "it", "a.b", 'say "x"', "if", "Id"])
def test_columns_of_related_rows(orders: Host, column: str) -> None:
    """So are the columns of their tables, as field, as key, and as what the next row is found by."""
    quoted = '"' + column.replace('"', '""') + '"'
    orders.rows(f"alter table offers add column {quoted} bigint unique")
    orders.rows(f"update offers set {quoted} = id + 10")
    orders.rows(f"alter table orders add column {quoted} bigint default 12")
    sources.watch(
        orders, "orders", "order",
        related=[
            {"name": "offer", "table": "offers", "by": column, "key": column, "columns": {"it": column}},
            {"name": "again", "table": "offers", "by": f"offer.{column}", "key": column, "columns": {"id": "id"}},
        ],
    )  # fmt: skip

    assert order(orders) == {"offer": {"it": 12}, "again": {"id": "2"}}


def test_another_schema_and_another_key(orders: Host) -> None:
    """A qualified and quoted table, found by a text key; an unqualified name is one of the watched table's schema."""
    orders.rows('create schema "Other schema"')
    orders.rows('create table "Other schema"."Coupons" ("Code" text primary key, "isOpen" boolean)')
    orders.rows('insert into "Other schema"."Coupons" values (\'X-1\', true)')
    orders.rows('create table "Other schema".orders (id uuid default gen_random_uuid(), clinic_id text, coupon text)')
    coupon = {"name": "coupon", "by": "coupon", "key": "Code", "columns": {"code": "Code", "is_open": "isOpen"}}

    for table in ('"Coupons"', '"Other schema"."Coupons"'):
        sources.watch(orders, '"Other schema".orders', "order", related=[{**coupon, "table": table}])
        orders.rows("insert into \"Other schema\".orders (clinic_id, coupon) values (%s, 'X-1')", CLINIC)
        assert sources.events(orders)[-1][1]["coupon"] == {"code": "X-1", "is_open": True}

    assert len(sources.events(orders)) == 2
    assert sources.ledger(orders) == []


@pytest.mark.parametrize(
    ("columns", "offer", "currency", "price"),
    [
        ({"price": "price"}, 1, "BRL", 1050),
        ({"price": "price"}, 1, "KWD", 10500),
        ({"price": "price"}, 2, "JPY", 500),
        ({"price": "price", "currency": "currency"}, 1, "KWD", 1050),
        ({"price": "price", "currency": "currency"}, 2, "BRL", 500),
        ({"price": "cents"}, 1, "KWD", 1050),
    ],
)
def test_amounts(orders: Host, columns: dict[str, str], offer: int, currency: str, price: int) -> None:
    """An amount in major units is in the currency of its own row if that is told, else in the payment's."""
    related(orders, columns=columns, amounts=["price"])

    assert order(orders, offer, currency)["offer"]["price"] == price


def test_a_virtual_column_of_a_related_row(orders: Host) -> None:
    """It is read, not handed to a trigger: that works."""
    kind = "virtual" if orders.connection.info.server_version >= 180000 else "stored"
    orders.rows(f"alter table offers add column double bigint generated always as (id * 2) {kind}")
    related(orders, columns={"double": "double"})

    assert order(orders, 2) == {"offer": {"double": 4}}


def test_written_in_the_same_transaction(orders: Host) -> None:
    """What the host wrote before, or in the same statement, is seen as it is."""
    related(orders)
    orders.rows("insert into offers values (3, 'New')")

    assert order(orders, 3) == {"offer": {"id": "3", "name": "New"}}
    orders.rows("update offers set name = 'Newer' where id = 3")
    assert order(orders, 3) == {"offer": {"id": "3", "name": "Newer"}}
    orders.rows(
        "with offer as (insert into offers values (4, 'At once') returning id)"
        " insert into orders (offer_id) select id from offer"
    )
    assert sources.events(orders)[-1][1]["offer"] == {"id": "4", "name": "At once"}


def test_a_locked_table(host: Host, connect: Connect) -> None:
    """A related table is locked ACCESS EXCLUSIVE: the write commits, and recapture() tells all of it."""
    host.rows(OFFERS)
    host.rows(ORDERS)
    host.rows("insert into offers values (1, 'Basic')")
    steps.endpoint(host)
    related(host)
    locker = connect()
    host.rows("set statement_timeout = '30s'")

    with locker.connection.transaction():
        locker.rows("lock table offers in access exclusive mode")
        host.rows("insert into orders (offer_id) values (1)")
    error_codes = [code for code, _ in sources.ledger(host)]
    host.rows("select * from outbound_webhooks.recapture()")

    assert host.value("select count(*) from orders") == 1
    assert error_codes == ["55P03"]
    assert sources.events(host)[0][1]["offer"] == {"id": "1", "name": "Basic"}

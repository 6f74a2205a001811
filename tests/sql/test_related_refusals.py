"""Related rows that watch() refuses, and what our owner role may read of the host, while it needs to."""

from typing import Any

import pytest

from tests.sql import sources, steps
from tests.sql.test_related import OFFER, OFFERS, ORDERS
from tests.support.host import Host

HINT = (
    'It has "name" (lower-case), "table", "by", "columns" (at least one), and perhaps "key" and "amounts" (an array).'
)

NO_STRING: list[Any] = [None, 5, ["id"], {"id": 1}]
NO_COLUMNS: list[Any] = [None, [], ["id"], "id", 5, {}]
NO_AMOUNTS: list[Any] = [None, {}, "price", 5]


@pytest.fixture
def orders(sandbox: Host) -> Host:
    """A host with orders and offers."""
    sandbox.rows(OFFERS)
    sandbox.rows(ORDERS)
    sandbox.rows("create table notes (code text primary key, offer_id bigint)")
    sandbox.rows("create temporary table passing (id bigint primary key)")
    sandbox.rows("create view a_view as select * from offers")
    sandbox.rows("create schema other")
    return sandbox


def may_read(host: Host, table: str) -> bool:
    """May our owner role read a table of the host's?"""
    return bool(host.value("select has_table_privilege('outbound_webhooks_owner', %s, 'select')", table))


@pytest.mark.parametrize(
    "entry",
    [
        *(None, 5, "x", [], {}, True, [OFFER]),
        *({name: value for name, value in OFFER.items() if name != left_out} for left_out in OFFER),
        *({**OFFER, name: value} for name in ("name", "table", "by", "key") for value in NO_STRING),
        *({**OFFER, "columns": value} for value in NO_COLUMNS),
        *({**OFFER, "amounts": value} for value in NO_AMOUNTS),
        *({**OFFER, "name": value} for value in ("", "Offer", "1st", "my offer", "x" * 64)),
        {**OFFER, "more": 1},
    ],
)
def test_another_shape(orders: Host, entry: object) -> None:
    """What is no related row is shown, with what it would have."""
    error = sources.refused(orders, "orders", "order", related=[entry])

    assert str(error.diag.message_primary).startswith("related row ")
    assert str(error.diag.message_primary).endswith(" is not understood")
    assert error.diag.message_hint == HINT


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "payment"}, "the name payment is taken in the payload"),
        ({"name": "previous"}, "the name previous is taken in the payload"),
        ({"name": "currency"}, "the name currency is taken in the payload"),
        ({"name": "note"}, "the name note is taken in the payload"),
        ({"table": "nope"}, "there is no table nope"),
        ({"table": "other.nope"}, "there is no table other.nope"),
        ({"table": "a.b.c"}, "there is no table a.b.c"),
        ({"table": "Offers"}, None),
        ({"table": '"Offers"'}, 'there is no table "Offers"'),
        ({"table": "passing"}, "there is no table passing"),
        ({"table": "pg_class"}, "there is no table pg_class"),
        ({"by": "nope"}, "table public.orders has no column nope (mapped to by)"),
        ({"by": ""}, 'table public.orders has no column "" (mapped to by)'),
        ({"by": "cart.offer_id"}, "offer is found by cart.offer_id, but no related row is named cart before it"),
        ({"by": "offer.id"}, "offer is found by offer.id, but no related row is named offer before it"),
        ({"by": "payment.nope"}, "table public.orders has no column nope (mapped to by)"),
        ({"by": "payment.offer_id"}, None),
        ({"key": "nope"}, "table public.offers has no column nope (mapped to key)"),
        ({"key": "cents"}, "column cents of public.offers is no key of a related row: it has no unique index"),
        ({"columns": {"id": "nope"}}, "table public.offers has no column nope (mapped to id)"),
        ({"columns": {"my id": "id"}}, "a field cannot be named 'my id': letters, digits and _ only"),
        ({"amounts": ["price"]}, "the amount 'price' is no field of the related row offer"),
        ({"amounts": [None]}, "the amount NULL is no field of the related row offer"),
        ({"amounts": [{}]}, "the amount '{}' is no field of the related row offer"),
        ({"amounts": ["name"]}, "column name of public.offers is of type text, and has to be a number"),
        (
            {"table": "notes", "key": "code", "columns": {"code": "code"}},
            "column code of public.notes and column offer_id of public.orders cannot be compared: text and bigint",
        ),
    ],
)  # fmt: skip
def test_refusals(orders: Host, changes: dict[str, Any], message: str | None) -> None:
    """Each with its reason; what is only unusual is taken."""
    entries = [{**OFFER, **changes}]
    included = {"note": "currency"}

    if message is None:
        assert sources.watch(orders, "orders", "order", related=entries, include=included) == "orders"
    else:
        error = sources.refused(orders, "orders", "order", related=entries, include=included)
        assert error.diag.message_primary == message


@pytest.mark.parametrize("table", ["..", "", " ", "-", "1259", "a b", '"offers', "offers;"])
def test_a_table_that_is_no_name(orders: Host, table: str) -> None:
    """PostgreSQL's own words are clear here."""
    with pytest.raises(Exception, match="string is not a valid identifier"), orders.connection.transaction():
        sources.watch(orders, "orders", "order", related=[{**OFFER, "table": table}])


@pytest.mark.parametrize("table", ["a_view", "pg_catalog.pg_class", "outbound_webhooks.endpoint_secrets"])
def test_what_is_no_table_of_the_host(orders: Host, table: str) -> None:
    """Above all no secret of ours can get into a payload."""
    error = sources.refused(orders, "orders", "order", related=[{**OFFER, "table": table}])

    assert error.diag.message_primary == (
        f"no related row can be read from {table}: only from ordinary and partitioned tables of the host"
    )


@pytest.mark.parametrize("index", ["(cents) where cents > 0", "(cents, id)", "((cents + 1))", "(id) include (cents)"])
def test_an_index_that_makes_no_key(orders: Host, index: str) -> None:
    """Partial, of several columns, of an expression: two rows could be found."""
    orders.rows(f"create unique index on offers {index}")

    error = sources.refused(orders, "orders", "order", related=[{**OFFER, "key": "cents"}])
    orders.rows("create unique index on offers (cents) include (name)")

    assert "it has no unique index" in str(error.diag.message_primary)
    assert sources.watch(orders, "orders", "order", related=[{**OFFER, "key": "cents"}]) == "orders"


def test_row_level_security(orders: Host) -> None:
    """A policy that is not for our owner role would hide the row, and the payload would say null; the hint mends it."""
    orders.rows("insert into offers values (1, 'Basic')")
    orders.rows("alter table offers enable row level security")
    orders.rows("create policy for_all on offers using (name = current_setting('app.tenant', true))")
    steps.endpoint(orders)

    error = sources.refused(orders, "orders", "order", related=[OFFER])
    orders.rows(str(error.diag.message_hint))
    sources.watch(orders, "orders", "order", related=[OFFER])
    orders.rows("insert into orders (offer_id) values (1)")

    assert error.diag.message_primary == "row level security hides rows of offers from us"
    assert sources.events(orders)[0][1]["offer"] == {"id": "1", "name": "Basic"}


def test_a_table_that_cannot_be_granted(orders: Host) -> None:
    """Who watches may read the related table, but not let us read it: PostgreSQL would only warn."""
    orders.rows('create role "order owner" in role outbound_webhooks_owner')
    orders.rows('alter table orders owner to "order owner"')
    orders.rows('grant select on offers to "order owner"')
    orders.rows('set local role "order owner"')

    error = sources.refused(orders, "orders", "order", related=[OFFER])
    orders.rows("reset role")
    orders.rows("grant select on offers to outbound_webhooks_owner")
    orders.rows('set local role "order owner"')
    sources.watch(orders, "orders", "order", related=[OFFER])
    orders.rows("select outbound_webhooks.unwatch('orders')")
    orders.rows("reset role")

    assert error.diag.message_primary == "role order owner may not let outbound_webhooks_owner read public.offers"
    assert error.diag.message_hint == "Its owner can: grant select on public.offers to outbound_webhooks_owner"
    assert may_read(orders, "offers")


def test_grants_come_and_go(orders: Host) -> None:
    """Our owner role may read a related table as long as a source reads it, and no longer."""
    orders.rows("create table other.orders (id bigint primary key, clinic_id text, offer_id bigint)")
    with_offers = {"related": [{**OFFER, "table": "public.offers"}]}
    sources.watch(orders, "orders", "order", **with_offers)
    sources.watch(orders, "other.orders", "other_order", name="other_orders", **with_offers)
    assert may_read(orders, "offers")

    sources.watch(orders, "other.orders", "other_order")
    assert may_read(orders, "offers")
    sources.watch(orders, "orders", "order")
    assert not may_read(orders, "offers")

    sources.watch(orders, "orders", "order", **with_offers)
    sources.watch(orders, "other.orders", "other_order", **with_offers)
    orders.rows("select outbound_webhooks.unwatch('other.orders')")
    assert may_read(orders, "offers")
    assert not may_read(orders, "other.orders")
    assert orders.value("select has_schema_privilege('outbound_webhooks_owner', 'other', 'usage')") is False
    orders.rows("select outbound_webhooks.unwatch('orders')")
    assert not may_read(orders, "offers")


def test_the_dry_run_shows_the_grants(orders: Host) -> None:
    """What watch() would grant and take back is among its statements."""
    sources.watch(orders, "orders", "order", related=[OFFER])

    shown = [
        str(row["watch_ddl"])
        for row in orders.rows("select outbound_webhooks.watch_ddl('orders', p_resource => 'order')")
    ]

    assert "grant select on public.orders to outbound_webhooks_owner" in shown
    assert "revoke select on public.offers from outbound_webhooks_owner" in shown
    assert may_read(orders, "offers")

"""Money: amounts leave in integer minor units, and nothing is ever rounded."""

import json

import psycopg
import pytest

from tests.sql import steps
from tests.support.host import CLINIC, Host

SCHEMA = """
create table charges (
    id bigint generated always as identity primary key,
    clinic_id text not null,
    amount {type},
    currency text
)
"""


def watch_charges(host: Host, column_type: str) -> None:
    """A host table with amounts of a type, watched, and an endpoint."""
    host.rows("create domain money_amount as numeric(14, 4)")
    host.rows(SCHEMA.format(type=column_type))
    host.rows("select outbound_webhooks.watch('charges', '{}', 'charge')")
    steps.endpoint(host)


@pytest.mark.parametrize("column_type", ["numeric", "numeric(14, 4)", "double precision", "real", "money_amount"])
@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("10.50", "BRL", 1050), ("500", "JPY", 500), ("1.234", "KWD", 1234), ("0", "BRL", 0), ("-3.07", "usd", -307)],
)
def test_major_units(sandbox: Host, column_type: str, amount: str, currency: str, minor: int) -> None:
    """An amount in major units becomes minor units by the currency's exponent."""
    watch_charges(sandbox, column_type)

    sandbox.rows("insert into charges (clinic_id, amount, currency) values (%s, %s, %s)", CLINIC, amount, currency)
    (body,) = steps.bodies(sandbox)

    assert body["data"]["amount"] == minor
    assert isinstance(body["data"]["amount"], int)


@pytest.mark.parametrize("column_type", ["bigint", "integer"])
def test_minor_units(sandbox: Host, column_type: str) -> None:
    """An integer amount is in minor units already."""
    watch_charges(sandbox, column_type)

    sandbox.rows("insert into charges (clinic_id, amount, currency) values (%s, 1050, 'KWD')", CLINIC)
    (body,) = steps.bodies(sandbox)

    assert body["data"]["amount"] == 1050


def test_no_amount(sandbox: Host) -> None:
    """A payment without an amount has null."""
    watch_charges(sandbox, "numeric")

    sandbox.rows("insert into charges (clinic_id, currency) values (%s, 'BRL')", CLINIC)
    (body,) = steps.bodies(sandbox)

    assert body["data"]["amount"] is None


@pytest.mark.parametrize(("amount", "currency"), [("10.505", "BRL"), ("0.5", "JPY"), ("1.2345", "KWD")])
def test_a_fraction_of_a_minor_unit(sandbox: Host, amount: str, currency: str) -> None:
    """It is not rounded: the payment commits, and the change lands in the ledger with the reason."""
    watch_charges(sandbox, "numeric")

    sandbox.rows("insert into charges (clinic_id, amount, currency) values (%s, %s, %s)", CLINIC, amount, currency)
    (error,) = sandbox.rows("select source, error_code, message, new_values from outbound_webhooks.capture_errors")

    assert sandbox.value("select count(*) from charges") == 1
    assert steps.bodies(sandbox) == []
    assert error == {
        "source": "charges",
        "error_code": "22003",
        "message": f"amount {amount} has a fraction of the minor unit of {currency}",
        "new_values": {"id": 1, "clinic_id": CLINIC, "amount": json.loads(amount), "currency": currency},
    }


@pytest.mark.parametrize(
    ("amount", "currency"), [("NaN", "BRL"), ("Infinity", "BRL"), ("1e30", "BRL"), ("0.001", None), ("0.001", "XXX")]
)
def test_what_is_no_amount(sandbox: Host, amount: str, currency: str | None) -> None:
    """What has no integer in minor units is an error, never a wrong number; an unknown currency has two decimals."""
    with pytest.raises((psycopg.DataError, psycopg.NotSupportedError)), sandbox.connection.transaction():
        sandbox.rows("select outbound_webhooks.minor_units(%s::numeric, %s)", amount, currency)

    assert sandbox.value("select outbound_webhooks.minor_units(10, %s)", currency) == 1000

"""No card number, security code or document number gets into a default payload, the ledger or the catalogue."""

from collections.abc import Callable

import pytest

from dispatcher.demo import host as demo
from tests.sql import sources, steps
from tests.support import orm_host
from tests.support.host import MAPPING, PAY, Host
from tests.support.personal import findings

# Made up, with valid check digits.
CARD = "4111 1111 1111 1111"
CPF = "529.982.247-25"
CNPJ = "11.222.333/0001-81"
COLUMNS = {"card_number": CARD, "cvv": "123", "security_code": "4321", "cpf": "52998224725", "holder_document": CNPJ}


def add_columns(host: Host, *tables: str) -> None:
    """Columns that a payload must not have, with values, on tables of a host."""
    for table in tables:
        for name, value in COLUMNS.items():
            host.rows(f"alter table {table} add column {name} text default '{value}'")


def snake_case(host: Host) -> tuple[str, str]:
    """The payments of the tests."""
    add_columns(host, "payment_transactions")
    return "payment_transactions", PAY


def orm(host: Host) -> tuple[str, str]:
    """Payments as an ORM makes them, with their checkout."""
    orm_host.install(host, "charge")
    add_columns(host, orm_host.RELATION, '"Checkout"')
    host.rows("insert into \"Checkout\" values ('checkout-1', %s, 'order 1')", orm_host.CLINIC)
    steps.endpoint(host, orm_host.CLINIC)
    return orm_host.RELATION, (
        f'insert into {orm_host.RELATION} ("id", "clinicId", "checkoutId", "totalAmount", "updatedAt")'
        f" values ('payment-1', '{orm_host.CLINIC}', 'checkout-1', 10, now())"
    )


def demo_host(host: Host) -> tuple[str, str]:
    """The demo's payments, with their checkout, offer and product."""
    host.rows("drop table payment_transactions")
    host.rows("drop type payment_status")
    host.connection.execute(demo.SCHEMA.replace("create role clinic_app login;", "").replace("clinic_app", "public"))
    add_columns(host, "payment_transactions", "members", "checkouts", "offers", "products")
    host.connection.execute(demo.SEED)
    sources.watch(
        host, "payment_transactions", "payment_transaction",
        columns=demo.MAPPING, include=demo.INCLUDE, related=demo.RELATED,
    )  # fmt: skip
    steps.endpoint(host, "1")
    return "payment_transactions", demo.TRY_IT


@pytest.mark.parametrize("make", [snake_case, orm, demo_host])
def test_default_payloads(sandbox: Host, make: Callable[[Host], tuple[str, str]]) -> None:
    """The rows hold all of it; bodies, ledger and catalogue none of it."""
    steps.endpoint(sandbox)
    table, insert = make(sandbox)

    sandbox.rows(insert)
    sandbox.rows(f"update {table} set status = (enum_range(status))[2]")
    (row,) = sandbox.rows(f"select to_jsonb(t) as row from {table} as t")
    bodies = steps.bodies(sandbox)
    source = sandbox.value("select max(source) from outbound_webhooks.events")
    sandbox.rows(f"drop function outbound_webhooks.payload_{source}")
    sandbox.rows(f"update {table} set status = (enum_range(status))[1]")
    (kept,) = sandbox.rows("select old_values, new_values from outbound_webhooks.capture_errors")
    catalogue = sandbox.rows("select schema, example from outbound_webhooks.event_types")

    assert len(findings(row)) == len(COLUMNS)
    assert len(bodies) == 2
    assert findings(bodies) == findings([kept]) == findings(catalogue) == []


@pytest.mark.parametrize("name", list(COLUMNS))
def test_one_that_is_planted(sandbox: Host, name: str) -> None:
    """A column that somebody includes is found: the test above can fail."""
    steps.endpoint(sandbox)
    _, insert = snake_case(sandbox)
    sources.watch(
        sandbox, "payment_transactions", "payment_transaction", columns=MAPPING, include={"security_code": name}
    )

    sandbox.rows(insert)
    (found,) = findings(steps.bodies(sandbox))

    assert found.endswith(COLUMNS[name])

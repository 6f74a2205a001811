"""A writer's temporary objects: pg_temp is searched last, so none of them stands in for what our functions mean."""

import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.support.host import CLINIC, Host

PAY = "insert into payment_transactions (clinic_id) values (%s)"


def test_a_domain_that_runs_code(host: Host, connect: Connect) -> None:
    """A role that may only write payments cannot run a function of its own as the owner of our tables."""
    steps.endpoint(host)
    host.rows("create table loot (stolen text)")
    host.rows(
        "create function pick_lock(text) returns boolean language plpgsql as $$ begin"
        " insert into public.loot select secret from outbound_webhooks.endpoint_secrets; return true; end $$"
    )
    host.rows("grant insert on loot to outbound_webhooks_owner")
    attacker = connect()
    attacker.rows("create domain pg_temp.text as pg_catalog.text check (public.pick_lock(value))")

    attacker.rows(PAY, CLINIC)

    assert host.rows("select * from loot") == []
    assert len(steps.bodies(host)) == 1
    assert host.rows("select * from outbound_webhooks.capture_errors") == []


@pytest.mark.parametrize(
    "trick",
    [
        "create temporary table jsonb (x integer)",
        "create temporary table text (x integer)",
        "create domain pg_temp.jsonb as pg_catalog.jsonb not null",
        "create domain pg_temp.uuid as pg_catalog.text",
    ],
)
def test_types_that_are_shadowed(host: Host, connect: Connect, trick: str) -> None:
    """A session with temporary objects named like types writes payments, and they are captured."""
    steps.endpoint(host)
    session = connect()
    session.rows(trick)

    session.rows(PAY, CLINIC)

    assert len(steps.bodies(host)) == 1
    assert host.rows("select * from outbound_webhooks.capture_errors") == []

"""Installing without a superuser, as on a managed server: by a role that owns the database."""

import os
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from dispatcher.migrate import MigrationFailed, migrate, post_apply
from tests.sql.installing import loaded_fingerprint, yoyo
from tests.support import postgres
from tests.support.cli import URL, cli
from tests.support.host import MAPPING, SCHEMA

NAME = f"ow_dba_{os.getpid()}"
ROLES = (
    "outbound_webhooks_owner, outbound_webhooks_dispatcher, outbound_webhooks_admin, outbound_webhooks_monitor,"
    " outbound_webhooks_clinic"
)


def run(url: str, *statements: str) -> None:
    """Run statements, each in a transaction of its own."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def make_owned_database(superuser_url: str, attributes: str) -> str:
    """Make a role, and a database that it owns; returns the role's URL of it."""
    run(
        superuser_url,
        f"create role {NAME} login password 'dba' {attributes}",
        f"create database {NAME} owner {NAME}",
    )
    return postgres.to_url(make_conninfo(superuser_url, user=NAME, password="dba"), NAME)


@pytest.fixture
def own_server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server where our roles do not exist yet: roles belong to the whole server, and the tests' own has them."""
    monkeypatch.delenv("OUTBOUND_WEBHOOKS_TEST_DATABASE_URL", raising=False)
    with postgres._server(request.config.getoption("--pg") or None) as url:
        yield url


def assert_it_works(url: str) -> None:
    """The role migrates, watches a table of its own, and its payment becomes a delivery that a dispatcher may claim."""
    with psycopg.connect(url, autocommit=True) as dba:
        fingerprint = loaded_fingerprint(dba)
        dba.execute(SCHEMA.encode())
        source = dba.execute("select outbound_webhooks.watch('payment_transactions', %s)", (MAPPING,)).fetchone()
        again = dba.execute("select outbound_webhooks.watch('payment_transactions', %s)", (MAPPING,)).fetchone()
        dba.execute("select outbound_webhooks.set_capture(true)")
        dba.execute("select outbound_webhooks.arm('test')")
        dba.execute("select outbound_webhooks.create_endpoint('clinic-1', 'https://clinic.example/')")
        dba.execute("insert into payment_transactions (clinic_id) values ('clinic-1')")
        errors = dba.execute("select message from outbound_webhooks.capture_errors").fetchall()
        problems = dba.execute("select * from outbound_webhooks.doctor() where severity = 'problem'").fetchall()
        dba.execute("set role outbound_webhooks_dispatcher")
        dispatcher = dba.execute(
            "select outbound_webhooks.register_dispatcher('host:1', '0.1.0', true, 'test')"
        ).fetchone()
        claimed = dba.execute(
            "select count(delivery_id)"
            " from outbound_webhooks.claim_deliveries(%s, 10, 10, 0, '-infinity', '{}', '{}', 10, '1 s')",
            dispatcher,
        ).fetchone()

    assert fingerprint == post_apply().fingerprint()
    assert source == again == ("payment_transactions",)
    assert errors == problems == []
    assert claimed == (1,)


def test_with_createrole(own_server: str) -> None:
    """A role with CREATEROLE makes our roles, and may work as each of them; down, up and uninstall work, too."""
    url = make_owned_database(own_server, "createrole")

    migrate(url)
    assert_it_works(url)
    migrate(url)
    down, output = yoyo(url, "rollback", "--all", "--batch")
    up, _ = yoyo(url, "apply")
    run(url, "select outbound_webhooks.watch('payment_transactions', '{\"amount\": \"amount_cents\"}')")
    removed = cli("uninstall", "--yes", **{URL: url})

    assert (down, output) == (0, "")
    assert up == 0
    assert (removed.code, removed.err) == (0, "")
    assert "drop role outbound_webhooks_owner" in removed.out


def test_where_the_roles_exist(server: postgres.TestServer) -> None:
    """A role without CREATEROLE that was granted our roles, made by another one, installs and watches."""
    url = make_owned_database(server.url, "")
    try:
        run(server.url, f"grant {ROLES} to {NAME}")

        migrate(url)
        assert_it_works(url)
    finally:
        run(server.url, f"drop database {NAME} with (force)", f"drop role {NAME}")


def test_what_is_said_without_the_right(server: postgres.TestServer) -> None:
    """A role that may neither make our roles nor work as them is told which one it lacks; nothing is left behind."""
    url = make_owned_database(server.url, "")
    try:
        with pytest.raises(MigrationFailed, match="outbound_webhooks_owner"):
            migrate(url)
        with psycopg.connect(url) as connection:
            left = connection.execute("select to_regnamespace('outbound_webhooks')").fetchone()
    finally:
        run(server.url, f"drop database {NAME} with (force)", f"drop role {NAME}")

    assert left == (None,)

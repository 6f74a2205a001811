"""uninstall: what is left is the database as if we had never been there; what is said before and after."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import trustme
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from dispatcher.demo.receiver import Receiver
from dispatcher.migrate import migrate
from tests.sql.installing import Connection, outside
from tests.support import postgres, rich_host
from tests.support.cli import URL, cli, refused
from tests.support.dump import dump
from tests.support.host import ENVIRONMENT
from tests.support.process import ROOT, clean_environment, run_dispatcher
from tests.support.settings import environment

ROLES = (
    "outbound_webhooks_owner, outbound_webhooks_dispatcher, outbound_webhooks_admin, outbound_webhooks_monitor,"
    " outbound_webhooks_clinic"
)
RELATED = '[{"name": "checkout", "table": "\\"Shop\\".checkouts", "by": "checkout_id", "columns": {"id": "id"}}]'


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Connection]:
    """A superuser's connection to a host's database."""
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(rich_host.SCHEMA)
        yield connection


def install(url: str, receiver_url: str = "https://clinic.example/") -> None:
    """Install, watch two tables (with a related one), turn capture on, and create an endpoint for each clinic."""
    migrate(url)
    with psycopg.connect(url) as connection:
        connection.execute(
            "select outbound_webhooks.watch('payment_transactions', '{\"amount\": \"amount_cents\"}', p_related => %s)",
            (RELATED,),
        )
        connection.execute("select outbound_webhooks.watch('\"Sales\".\"Orders\"', '{}', 'order')")
        connection.execute("select outbound_webhooks.set_capture(true)")
        connection.execute("select outbound_webhooks.arm(%s)", (ENVIRONMENT,))
        connection.execute("select outbound_webhooks.set_url_policy(p_internal_urls => true)")
        for clinic in ("clinic-1", "clinic-2"):
            connection.execute("select outbound_webhooks.create_endpoint(%s, %s)", (clinic, receiver_url))


@pytest.fixture
def twin_url(database: Connection, empty_database_url: str, server: postgres.TestServer) -> Iterator[str]:
    """The URL of a database to be made as a copy of the host's."""
    name = f"{conninfo_to_dict(empty_database_url)['dbname']}_twin"
    yield postgres.to_url(server.url, name)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def copy_database(server: postgres.TestServer, url: str, twin_url: str) -> None:
    """Make the copy; nobody may be connected to the original."""
    names = [sql.Identifier(str(conninfo_to_dict(each)["dbname"])) for each in (twin_url, url)]
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template {}").format(*names))


@pytest.mark.parametrize("yoyo_is_the_hosts", [False, True], ids=["without yoyo", "with migrations of its own"])
async def test_the_dumps_are_the_same(
    server: postgres.TestServer,
    database: Connection,
    empty_database_url: str,
    twin_url: str,
    receiver: Receiver,
    certificates: tuple[trustme.CA, Path],
    tmp_path: Path,
    yoyo_is_the_hosts: bool,
) -> None:
    """Install, watch, write, deliver, uninstall: pg_dump says what it says of a copy that had only the writes."""
    if yoyo_is_the_hosts:
        rich_host.migrate_host(empty_database_url, tmp_path)
    database.close()
    copy_database(server, empty_database_url, twin_url)
    schema_before = dump(empty_database_url, "--schema-only")
    install(empty_database_url, receiver.url + "/")
    async with run_dispatcher(environment(empty_database_url, certificates[1])) as running:
        for url in (empty_database_url, twin_url):
            with psycopg.connect(url) as connection:
                connection.execute(rich_host.WRITES)
        await running.logged("attempt.succeeded", 38)  # 20 and 10 inserted, 5 and 3 of them changed
        running.signal(signal.SIGTERM)
        assert await running.exit_code() == 0
    installed = dump(empty_database_url)

    done = cli("uninstall", "--yes", **{URL: empty_database_url})

    assert (done.code, done.err) == (0, "")
    assert "outbound_webhooks" in installed
    assert dump(empty_database_url, "--schema-only") == schema_before
    assert dump(empty_database_url) == dump(twin_url)


def test_nothing_of_ours_is_left_in_the_catalog(database: Connection, empty_database_url: str) -> None:
    """Beside the dump: privileges, triggers, functions, settings and yoyo's tables are what they were."""
    before = outside(database)
    install(empty_database_url)

    cli("uninstall", "--yes", **{URL: empty_database_url})

    assert outside(database) == before
    assert database.execute("select to_regnamespace('outbound_webhooks')").fetchone() == (None,)


def test_what_the_dba_granted_to_our_roles_goes_too(database: Connection, empty_database_url: str) -> None:
    """A payload function of one's own reads more tables: those grants are about our roles, and would keep them."""
    before = outside(database)
    install(empty_database_url)
    database.execute(
        "grant select on clinics to outbound_webhooks_owner; grant select (what) on audit to outbound_webhooks_owner;"
        ' grant all on schema "Sales" to outbound_webhooks_admin; grant usage on sequence audit_id_seq to'
        " outbound_webhooks_monitor; grant execute on function audited() to outbound_webhooks_owner"
    )

    cli("uninstall", "--yes", **{URL: empty_database_url})

    assert outside(database) == before


def test_what_is_said(database: Connection, empty_database_url: str) -> None:
    """What will be lost, in numbers; and of the roles, that the tests' other database needs them."""
    install(empty_database_url)
    database.execute(rich_host.WRITES)

    done = cli("uninstall", "--yes", **{URL: empty_database_url})
    lines = done.out.splitlines()

    assert lines[:5] == [
        f"Uninstalling removes from the database {database.info.dbname}, for good:",
        "  38 events, and 38 deliveries that are still due",
        "  2 endpoints, with their signing keys",
        "  0 changes in the ledger that were not captured",
        '  the triggers on: "Sales"."Orders", payment_transactions',
    ]
    assert lines[5].startswith("removed: the triggers, what our roles were granted")
    assert lines[6].startswith("The five roles stay, as other databases of this server need them: ow_template_")
    assert refused(cli("uninstall", "--yes", **{URL: empty_database_url}), "not installed")


def test_the_roles_can_be_dropped(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a server where nobody else needs them, the statements that it prints remove the roles."""
    monkeypatch.delenv("OUTBOUND_WEBHOOKS_TEST_DATABASE_URL", raising=False)
    with (
        postgres._server(request.config.getoption("--pg") or None) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        connection.execute(rich_host.SCHEMA)
        found = []
        for more in (
            "select",
            "create policy theirs on clinics to outbound_webhooks_owner",
        ):
            install(url)
            connection.execute(more.encode())
            done = cli("uninstall", "--yes", **{URL: url})
            statements = [line.strip() for line in done.out.splitlines() if line.startswith("  dr")]
            for statement in statements:
                connection.execute(statement.encode())
            found.append(len(statements))
        left = connection.execute("select rolname from pg_roles where rolname like 'outbound%'").fetchall()

    assert found == [1, 2]
    assert left == []


def test_while_a_dispatcher_runs(database: Connection, empty_database_url: str) -> None:
    """It refuses, names the dispatcher, and removes nothing; --force does not refuse."""
    install(empty_database_url)
    database.execute("select outbound_webhooks.register_dispatcher('host:4711', '0.1.0', false, null)")

    alive = cli("uninstall", "--yes", **{URL: empty_database_url})
    there = database.execute("select count(*) from outbound_webhooks.endpoints").fetchone()
    forced = cli("uninstall", "--yes", "--force", **{URL: empty_database_url})

    assert refused(alive, "dispatchers are running: host:4711", "--force")
    assert there == (2,)
    assert (forced.code, forced.err) == (0, "")


def test_a_stopped_dispatcher(database: Connection, empty_database_url: str) -> None:
    """One that stopped, or died a while ago, does not stand in the way."""
    install(empty_database_url)
    database.execute("select outbound_webhooks.register_dispatcher('a', '0.1.0', false, null)")
    database.execute("update outbound_webhooks.dispatchers set stopped_at = now()")
    database.execute("select outbound_webhooks.register_dispatcher('b', '0.1.0', false, null)")
    database.execute("update outbound_webhooks.dispatchers set heartbeat_at = heartbeat_at - interval '1 minute'")

    done = cli("uninstall", "--yes", **{URL: empty_database_url})

    assert (done.code, done.err) == (0, "")


def test_without_a_terminal(database: Connection, empty_database_url: str) -> None:
    """Nobody is there to ask: it says so, and removes nothing."""
    install(empty_database_url)

    done = cli("uninstall", **{URL: empty_database_url})

    assert done.code == 2
    assert "say --yes" in done.err
    assert database.execute("select count(*) from outbound_webhooks.endpoints").fetchone() == (2,)


@pytest.mark.parametrize(
    ("answer", "removed"), [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False), ("\x04", False)]
)
def test_asked_on_a_terminal(database: Connection, empty_database_url: str, answer: str, removed: bool) -> None:
    """Only a yes removes anything; Enter, no and the end of input do not."""
    install(empty_database_url)
    ours, theirs = pty.openpty()
    try:
        asked = subprocess.Popen(
            [sys.executable, "-m", "dispatcher", "uninstall"],
            cwd=ROOT,
            env=clean_environment(**{URL: empty_database_url}),
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.write(ours, answer.encode())
        out, err = asked.communicate(timeout=120)
    finally:
        os.close(ours)
        os.close(theirs)

    assert "Remove all of this? [y/N] " in out
    assert ("nothing was removed" in err) is not removed
    assert asked.returncode == (0 if removed else 2)
    assert (database.execute("select to_regnamespace('outbound_webhooks')").fetchone() == (None,)) is removed

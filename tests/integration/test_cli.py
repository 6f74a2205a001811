"""The command line on bad input: a message that says what to do, on standard error, and exit code 2."""

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dispatcher import __version__
from dispatcher.demo import embedded
from tests.support.cli import URL, cli, refused
from tests.support.host import SCHEMA, Host
from tests.support.ops import free_port


@pytest.fixture
def receiver_port() -> Iterator[int]:
    """A port that is taken."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def test_no_url() -> None:
    """Without a database URL every command says which variable to set; with several errors, all of them."""
    run = cli("run", OUTBOUND_WEBHOOKS_CONCURRENCY="many", OUTBOUND_WEBHOOKS_CONCURENCY="5")
    migrate = cli("migrate")

    assert refused(run, f"{URL}: not set", "OUTBOUND_WEBHOOKS_CONCURRENCY:", "OUTBOUND_WEBHOOKS_CONCURENCY: unknown")
    assert refused(migrate, f"{URL}: not set", "postgresql://user@host/database")


def test_server_down(env: dict[str, str]) -> None:
    """A server that does not answer: the reason, and what to check."""
    done = cli("run", **{**env, URL: f"postgresql://somebody@127.0.0.1:{free_port()}/x"})

    assert refused(done, "cannot connect to the database", "refused", "check that the server runs")


def test_wrong_user_or_database(env: dict[str, str], database_url: str) -> None:
    """A user or database that does not exist: named, with the variable to look at."""
    user = cli("run", **{**env, URL: database_url.replace("postgres@", "nobody_here@")})
    database = cli("migrate", **{**env, URL: database_url.replace("/ow_test", "/no_such")})

    assert refused(user, "nobody_here", f"check user and database name in {URL}")
    assert refused(database, "does not exist", f"check user and database name in {URL}")


def test_wrong_password(env: dict[str, str]) -> None:
    """A wrong password, and none: what to check; the password itself is not repeated."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf", dir="/tmp") as rules:
        rules.write("local all postgres trust\nlocal all all scram-sha-256\n")
        rules.flush()
        Path(rules.name).chmod(0o644)  # the server may run as another user
        settings = {**embedded.THROWAWAY, "hba_file": rules.name}
        with embedded.run(embedded.wheel_programs(18), settings) as server:
            with psycopg.connect(server.url(), autocommit=True) as connection:
                connection.execute("create role clerk login password 'right'")
            url = server.url().replace("postgres@", "clerk:guess-4711@")
            wrong = cli("run", **{**env, URL: url})
            none = cli("migrate", **{**env, URL: url.replace(":guess-4711", "")})

    assert refused(wrong, "password authentication failed", f"check user and password in {URL}")
    assert "guess-4711" not in wrong.err
    assert refused(none, "no password supplied", "~/.pgpass")


def test_no_master_key(env: dict[str, str]) -> None:
    """A dispatcher does not start without a master key, even with delivery off."""
    done = cli("run", **{**env, "OUTBOUND_WEBHOOKS_MASTER_KEYS": "", "OUTBOUND_WEBHOOKS_ENABLED": "false"})

    assert refused(done, "OUTBOUND_WEBHOOKS_MASTER_KEYS: not set", "outbound-webhooks generate-master-key")


def test_a_generated_master_key_is_accepted(env: dict[str, str], host: Host) -> None:
    """generate-master-key prints what OUTBOUND_WEBHOOKS_MASTER_KEYS takes."""
    key = cli("generate-master-key").out.strip()
    host.rows("update outbound_webhooks.schema_bundle set fingerprint = 'other'")
    done = cli("run", **{**env, "OUTBOUND_WEBHOOKS_MASTER_KEYS": key})

    assert refused(done, "run outbound-webhooks migrate")  # it came as far as the schema


def test_not_installed(env: dict[str, str], empty_database_url: str) -> None:
    """An empty database: run, watch and capture name the command that installs."""
    empty = {**env, URL: empty_database_url}

    assert refused(cli("run", **empty), "not installed", "run outbound-webhooks migrate")
    assert refused(cli("watch", "x", **empty), "not installed", "run outbound-webhooks migrate")
    assert refused(cli("capture", "on", **empty), "not installed", "run outbound-webhooks migrate")


@pytest.mark.parametrize(
    ("change", "texts"),
    [
        (
            "migrations = migrations || '{9999_later}', contract = 9, oldest_contract = 9",
            ("ahead of this program", "9999_later", "newer release"),
        ),
        ("migrations = '{0001_schema_and_roles}'", ("behind this program", "run outbound-webhooks migrate")),
        ("fingerprint = 'other'", ("other SQL functions", "run outbound-webhooks migrate")),
    ],
    ids=["ahead", "behind", "functions"],
)
def test_schema_mismatch(env: dict[str, str], host: Host, change: str, texts: tuple[str, ...]) -> None:
    """A database that is ahead, behind, or has other functions: run says so, and what mends it."""
    host.rows(f"update outbound_webhooks.schema_bundle set {change}")

    assert refused(cli("run", **env), *texts)


def test_may_not_take_the_role(env: dict[str, str], host: Host) -> None:
    """A user who is no member of the dispatcher's role is told which grant is missing."""
    host.rows("create role clerk_without_grant login")
    try:
        done = cli("run", **{**env, URL: host.url.replace("postgres@", "clerk_without_grant@")})
    finally:
        host.rows("drop role clerk_without_grant")

    assert refused(done, "grant outbound_webhooks_dispatcher to clerk_without_grant")


def test_migrate_mends_changed_functions(env: dict[str, str], host: Host) -> None:
    """migrate loads the functions though no migration is pending."""
    host.rows("update outbound_webhooks.schema_bundle set fingerprint = 'other'")
    done = cli("migrate", **env)

    assert done.code == 0
    assert "loaded the SQL functions" in done.out
    assert host.value("select fingerprint <> 'other' from outbound_webhooks.schema_bundle") is True


def test_watch(env: dict[str, str], database_url: str) -> None:
    """watch, capture and unwatch do what they say, and refuse tables and columns that are not there."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
    watch = cli("watch", "payment_transactions", "--map", "amount=amount_cents", **env)
    capture = cli("capture", "on", "--source", "payment_transactions", **env)
    no_source = cli("capture", "on", "--source", "invoices", **env)
    no_table = cli("watch", "no_such_table", **env)
    no_column = cli("watch", "payment_transactions", "--map", "status=state", **env)
    no_part = cli("watch", "payment_transactions", "--map", "colour=status", **env)
    no_equals = cli("watch", "payment_transactions", "--map", "status", **env)
    unwatch = cli("unwatch", "payment_transactions", **env)
    again = cli("unwatch", "payment_transactions", **env)

    assert (watch.code, watch.err) == (0, "")
    assert "capture is off: outbound-webhooks capture on" in watch.out
    assert capture.code == 0
    assert refused(no_source, "no event source named 'invoices'", "payment_transactions")
    assert refused(no_table, 'relation "no_such_table" does not exist')
    assert refused(no_column, "has no column state", "Its columns: id, clinic_id, status")
    assert refused(no_part, "no part named 'colour'", "The parts: id, clinic_id, status")
    assert refused(no_equals, "write PART=COLUMN")
    assert unwatch.code == 0
    assert refused(again, "is not watched")


def test_create_endpoint(env: dict[str, str], host: Host) -> None:
    """An endpoint is made, with a key that is shown; what is not https, or no event type, is refused."""
    made = cli("create-endpoint", "clinic-1", "https://clinic.example/hooks", **env)
    http = cli("create-endpoint", "clinic-1", "http://clinic.example/hooks", **env)
    space = cli("create-endpoint", "clinic-1", "https://clinic.example/a b", **env)
    types = cli("create-endpoint", "clinic-1", "https://clinic.example/", "--event-types", "payment..x", **env)
    no_clinic = cli("create-endpoint", "", "https://clinic.example/", **env)

    assert made.code == 0
    assert "signing key whsec_" in made.out
    assert refused(http, "must begin with https://")
    assert refused(space, "no space")
    assert refused(types, "endpoints_event_types_are_patterns")
    assert refused(no_clinic, "endpoints_clinic_id_is_not_empty")
    assert host.value("select count(*) from outbound_webhooks.endpoints") == 1


@pytest.mark.usefixtures("host")
def test_the_ops_port_is_taken(env: dict[str, str], receiver_port: int) -> None:
    """A port that somebody else has: said, with the address."""
    done = cli("run", **{**env, "OUTBOUND_WEBHOOKS_OPS_PORT": str(receiver_port)})

    assert refused(done, f"cannot serve on 127.0.0.1:{receiver_port}")


def test_help_and_version() -> None:
    """--help of run lists every setting; --version is the program's."""
    run = cli("run", "--help")

    assert run.code == 0
    assert f"{URL} (required)" in run.out
    assert "OUTBOUND_WEBHOOKS_ENABLED (default: false)" in run.out
    assert cli("--version").out.strip() == __version__

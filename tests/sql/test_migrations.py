"""Installing and removing by `yoyo` alone: complete, repeatable, reversible, and nothing outside our schema."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from dispatcher.migrate import migrate, post_apply
from tests.sql.installing import Connection, functions, loaded_fingerprint, migration_files, outside, start, yoyo
from tests.support.fingerprint import LINE, marker
from tests.support.host import MAPPING, SCHEMA
from tests.support.process import ROOT

MIGRATIONS = migration_files(ROOT / "migrations")

# Beside the payment table: a partitioned one, in a schema of its own, with names that need quotes.
HOST = (
    SCHEMA
    + """
create function noticed() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger a_trigger_of_the_host before insert or update on payment_transactions
    for each row execute function noticed();
grant select on payment_transactions to public;
create schema "Sales";
create table "Sales"."Orders" (id bigint, clinic_id text, status text) partition by list (clinic_id);
create table "Sales"."Orders 1" partition of "Sales"."Orders" for values in ('clinic-1');
insert into payment_transactions (clinic_id) values ('clinic-1');
"""
)
CAPTURED = "select resource_id from outbound_webhooks.events where source = 'payment_transactions' order by id"


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Connection]:
    """A superuser's connection to a database that holds only what a host has."""
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(HOST)
        yield connection


def watch(database: Connection) -> None:
    """Watch both tables of the host, capture on, with an endpoint."""
    database.execute("select outbound_webhooks.watch('payment_transactions', %s)", (MAPPING,))
    database.execute("select outbound_webhooks.watch('\"Sales\".\"Orders\"', '{}', 'order')")
    database.execute("select outbound_webhooks.set_capture(true)")
    database.execute("select outbound_webhooks.create_endpoint('clinic-1', 'https://clinic.example/')")


def pay(database: Connection) -> str:
    """Write a payment; returns its id as events have it."""
    row = database.execute(
        "insert into payment_transactions (clinic_id) values ('clinic-1') returning id::text"
    ).fetchone()
    assert row is not None
    return str(row[0])


def test_yoyo_apply_alone(database: Connection, empty_database_url: str) -> None:
    """One command gives a complete installation: functions, their fingerprint, 14 days of partitions."""
    code, output = yoyo(empty_database_url, "apply")
    (bundle,) = database.execute(
        "select migrations, (loaded_at at time zone 'UTC')::date from outbound_webhooks.schema_bundle"
    ).fetchall()
    partitions = database.execute(
        "select to_regclass('outbound_webhooks.events' || to_char(%s::date, '_YYYYMMDD')) is not null,"
        " to_regclass('outbound_webhooks.attempts' || to_char(%s::date, '_YYYYMMDD')) is not null",
        (bundle[1] - timedelta(days=1), bundle[1] + timedelta(days=14)),
    ).fetchone()
    names = {name.partition(".")[2].partition("(")[0] for name in functions(database)}

    assert (code, output) == (0, "")
    assert bundle[0] == [file.stem for file in MIGRATIONS]
    assert loaded_fingerprint(database) == post_apply().fingerprint()
    assert names == {file.stem[3:] for file in (ROOT / "sql_functions").glob("*.sql")} | {"clinic_role"}  # the host's
    assert partitions == (True, True)


def test_again_is_a_no_op(database: Connection, empty_database_url: str) -> None:
    """`yoyo apply` on what is installed changes nothing, not even a time stamp."""
    yoyo(empty_database_url, "apply")
    look = "select xmin::text, loaded_at from outbound_webhooks.schema_bundle"
    before = (database.execute(look).fetchall(), outside(database), functions(database))

    code, output = yoyo(empty_database_url, "apply")

    assert (code, output) == (0, "")
    assert (database.execute(look).fetchall(), outside(database), functions(database)) == before


def test_migrate_again_reloads(database: Connection, empty_database_url: str) -> None:
    """`migrate` with nothing pending loads the functions all the same, and keeps what is watched."""
    migrate(empty_database_url)
    watch(database)
    before = (outside(database), functions(database))

    migrated = migrate(empty_database_url)

    assert migrated.applied == ()
    assert (outside(database), functions(database)) == before


def test_up_down_up(database: Connection, empty_database_url: str) -> None:
    """Down takes our triggers and grants off the host's tables and leaves all of the host; up again works as before."""
    before = outside(database)
    data = "select md5(string_agg(p::text, '' order by id)) from payment_transactions as p"
    yoyo(empty_database_url, "apply")
    watch(database)
    pay(database)
    payments = database.execute(data).fetchall()

    down, output = yoyo(empty_database_url, "rollback", "--all", "--batch")
    left = {line for line in outside(database) ^ before if "yoyo" not in line}
    ours = database.execute("select to_regnamespace('outbound_webhooks')").fetchone()
    untouched = database.execute(data).fetchall()
    pay(database)
    up, _ = yoyo(empty_database_url, "apply")
    watch(database)
    payment = pay(database)

    assert (down, output) == (0, "")
    assert left == set()
    assert ours == (None,)
    assert untouched == payments
    assert up == 0
    assert database.execute(CAPTURED).fetchall() == [(payment,)]


def test_nothing_outside_our_schema(database: Connection, empty_database_url: str) -> None:
    """Installing adds yoyo's own tables; watching adds two triggers a table and grants to read it; and that is all."""
    before = outside(database)
    migrate(empty_database_url)
    installed = outside(database)
    watch(database)
    pay(database)

    watched = outside(database)

    assert before - installed == set()
    assert [line for line in installed - before if "yoyo" not in line] == []
    assert installed - watched == set()
    assert sorted(re.sub(r" CREATE .*", "", line) for line in watched - installed) == [
        'grant SELECT on "Sales"."Orders" to outbound_webhooks_owner f',
        "grant SELECT on public.payment_transactions to outbound_webhooks_owner f",
        "grant USAGE on schema Sales to outbound_webhooks_owner f",
        'trigger "Sales"."Orders 1" 00_outbound_webhooks_insert O',
        'trigger "Sales"."Orders 1" 00_outbound_webhooks_update O',
        'trigger "Sales"."Orders" 00_outbound_webhooks_insert O',
        'trigger "Sales"."Orders" 00_outbound_webhooks_update O',
        "trigger public.payment_transactions 00_outbound_webhooks_insert O",
        "trigger public.payment_transactions 00_outbound_webhooks_update O",
    ]


def test_at_the_same_time(database: Connection, empty_database_url: str) -> None:
    """Three migrations of one empty database, started together, all end well, and the installation is complete."""
    with_yoyo = empty_database_url.replace("postgresql://", "postgresql+psycopg://")
    running = [
        start(with_yoyo, "yoyo", "apply"),
        start(with_yoyo, "yoyo", "apply"),
        start(empty_database_url, "dispatcher", "migrate"),
    ]

    ended = [(process.communicate(timeout=120)[0], process.returncode) for process in running]
    # yoyo waits for another one for 10 s, which it may take on a slow machine.
    for number, (output, _) in enumerate(ended):
        if "has locked this database" in output:
            code, again = yoyo(empty_database_url, "apply")
            ended[number] = again, code

    assert [code for _, code in ended] == [0, 0, 0], ended
    assert loaded_fingerprint(database) == post_apply().fingerprint()


def test_file_names() -> None:
    """Numbers are 1, 2, 3, ...; each migration has its rollback, and depends on the one before and on nothing else."""
    numbers = [int(file.name[:4]) for file in MIGRATIONS]
    depends = [re.findall(r"(?m)^-- depends:(.*)$", file.read_text(encoding="utf-8")) for file in MIGRATIONS]
    rollbacks = sorted(file.name for file in (ROOT / "migrations").glob("*.rollback.sql"))

    assert numbers == list(range(1, len(MIGRATIONS) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+", file.stem) for file in MIGRATIONS)
    assert depends == [[], *([f" {file.stem}"] for file in MIGRATIONS[:-1])]
    assert rollbacks == [f"{file.stem}.rollback.sql" for file in MIGRATIONS]


@pytest.mark.parametrize("file", MIGRATIONS[:-1], ids=lambda file: file.name)
def test_migrations_do_not_wait_for_ever(file: Path) -> None:
    """A migration that changes something sets a lock_timeout; and so does its rollback."""
    assert "set local lock_timeout" in file.read_text(encoding="utf-8")
    assert "set local lock_timeout" in file.with_suffix(".rollback.sql").read_text(encoding="utf-8")


def test_the_marker_has_the_current_fingerprint() -> None:
    """A release that changes a function ships a migration that says so: run `make fingerprint`."""
    (found,) = LINE.findall(marker().read_text(encoding="utf-8"))

    assert found == post_apply().fingerprint()

"""watch and unwatch on the command line: what they ask for, what they say, and how they give way to a busy table."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from dispatcher.demo import embedded
from dispatcher.migrate import migrate
from tests.sql import installing
from tests.sql.steps import Session
from tests.support import orm_host
from tests.support.cli import URL, cli, refused
from tests.support.host import SCHEMA, Host
from tests.support.process import ROOT, clean_environment

LOCK = "lock table payment_transactions in {} mode"
SHOPS = """
create table shops (nr bigint primary key, name text, fee integer);
create table checkouts (id bigint primary key, shop_nr bigint, note text);
alter table payment_transactions add column checkout_id bigint, add column tax numeric, add column "the note" text;
"""


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    """A database with the payment table, not watched."""
    with closing(Session(database_url)) as found:
        found.connection.execute(SCHEMA.encode())
        yield found


def sources(host: Host) -> list[dict[str, object]]:
    """The event sources."""
    return host.rows("select * from outbound_webhooks.event_sources")


def test_what_is_said(env: dict[str, str], session: Session) -> None:
    """watch says what is watched, which change makes which event, and what is off."""
    first = cli("watch", "payment_transactions", "--map", "refunded_amount=refunded_cents", **env)
    session.rows("select outbound_webhooks.set_capture(true)")
    session.rows("select outbound_webhooks.set_capture(false, 'payment_transactions')")
    second = cli(
        *("watch", "payment_transactions", "--rule", "paid: status changed to paid", "--strict"),
        *("--rule", "made: inserted", "--rule", "grown: amount grew", "--map", "amount=amount_cents"),
        **env,
    )
    session.rows("select outbound_webhooks.set_capture(true, 'payment_transactions')")
    third = cli("watch", "payment_transactions", "--resource", "payment", **env)

    assert (first.code, first.err) == (0, "")
    assert first.out.splitlines() == [
        "watching payment_transactions as event source payment_transactions",
        "  payment_transaction.created: a row is inserted",
        "  payment_transaction.status_changed: status changes",
        "  payment_transaction.partially_refunded: refunded_amount grows",
        "capture is off: outbound-webhooks capture on",
    ]
    assert second.out.splitlines()[1:] == [
        "  payment_transaction.paid: status changes to paid",
        "  payment_transaction.made: a row is inserted",
        "  payment_transaction.grown: amount grows",
        "capture is off: outbound-webhooks capture on --source payment_transactions",
    ]
    assert third.out.splitlines()[1:] == [
        "  payment.created: a row is inserted",
        "  payment.status_changed: status changes",
    ]


def test_everything_that_can_be_asked_for(env: dict[str, str], session: Session) -> None:
    """Every option arrives where watch() takes it."""
    session.connection.execute(SHOPS.encode())
    done = cli(
        *("watch", "payment_transactions", "--name", "payments", "--resource", "payment", "--strict"),
        *("--map", "amount=amount_cents", "--include", "vat=tax", "--include", "note=the note", "--include", "tax"),
        *("--amount", "vat", "--related", "checkout=checkouts:checkout_id:id,text=note"),
        "--related",
        '{"name": "shop", "table": "shops", "by": "checkout.shop_nr", "key": "nr", "columns": {"fee": "fee"},'
        ' "amounts": ["fee"]}',
        *("--rule", "made: inserted", "--rule", "taxed: vat grew below amount", "--rule", "x: status changed"),
        **env,
    )
    (source,) = sources(session)

    assert (done.code, done.err) == (0, "")
    assert {key: source[key] for key in ("name", "resource", "is_strict", "amounts", "related", "rules")} == {
        "name": "payments",
        "resource": "payment",
        "is_strict": True,
        "amounts": ["amount", "vat"],
        "related": [
            {
                "name": "checkout", "table": "public.checkouts", "by": "checkout_id", "key": "id",
                "columns": {"id": "id", "text": "note"}, "amounts": [],
            },
            {
                "name": "shop", "table": "public.shops", "by": "checkout.shop_nr", "key": "nr",
                "columns": {"fee": "fee"}, "amounts": ["fee"],
            },
        ],
        "rules": [
            {"type": "payment.made", "when": "inserted"},
            {"type": "payment.taxed", "when": "grew", "field": "vat", "below": "amount"},
            {"type": "payment.x", "when": "changed", "field": "status"},
        ],
    }  # fmt: skip
    assert isinstance(source["columns"], dict)
    assert {key: source["columns"][key] for key in ("amount", "vat", "note", "tax")} == {
        "amount": "amount_cents", "vat": "tax", "note": "the note", "tax": "tax",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (["--map", "status"], ["--map status: write PART=COLUMN", "--map clinic_id=clinicId"]),
        (["--map", "status=a", "--map", "status=b"], ["--map status=b: status is a already"]),
        (["--include", "a="], ["--include a=: write [FIELD=]COLUMN"]),
        (["--rule", "sent: status became sent"], ["write 'VERB: inserted'", "--rule 'sent: status changed to sent'"]),
        (["--rule", "sent: colour changed"], ['names no mapped field in "field"', "The fields: "]),
        (["--related", "offer=offers"], ["write NAME=TABLE:BY:COLUMNS", "--related offer=offers:offer_id:id"]),
        (["--related", '{"name": "offer"'], ["not JSON", "line 1"]),
        (["--related", "offer=offers:offer_id:id"], ["there is no table offers"]),
        (["--amount", "tax"], ["the amount 'tax' is no field of the mapping", "--include"]),
        (["--tries", "0"], ["0 is not a number from 1 on"]),
    ],
)
def test_what_is_not_understood(env: dict[str, str], session: Session, arguments: list[str], texts: list[str]) -> None:
    """An option that is not understood is repeated, with how it is written; nothing is changed."""
    done = cli("watch", "payment_transactions", *arguments, **env)

    assert refused(done, *texts)
    assert sources(session) == []


def test_a_name_with_capitals(env: dict[str, str], session: Session) -> None:
    """A shell takes away the quotes that PostgreSQL asks for: the error says how such a table is written."""
    session.connection.execute(orm_host.SCHEMA.encode())

    wrong = cli("watch", "PaymentTransaction", **env)
    mapping = [word for part, column in orm_host.MAPPING.items() for word in ("--map", f"{part}={column}")]
    right = cli("watch", '"PaymentTransaction"', *mapping, **env)

    assert refused(wrong, "do you mean '\"PaymentTransaction\"'?")
    assert right.code == 0


def test_dry_run(env: dict[str, str], session: Session) -> None:
    """--dry-run prints the DDL and changes nothing; executed, it makes the functions and triggers that watch makes."""
    session.connection.execute(SHOPS.encode())
    options = [
        "--map",
        "amount=amount_cents",
        "--related",
        "checkout=checkouts:checkout_id:id",
        "--include",
        "n=the note",
    ]
    with psycopg.connect(session.url, autocommit=True) as connection:
        before = installing.outside(connection), installing.functions(connection)
        dry = cli("watch", "payment_transactions", *options, "--dry-run", **env)
        after = installing.outside(connection), installing.functions(connection)
        connection.execute(dry.out.encode())
        by_hand = installing.outside(connection), installing.functions(connection)
        done = cli("watch", "payment_transactions", *options, **env)
        watched = installing.outside(connection), installing.functions(connection)

    assert (dry.code, dry.err, done.code) == (0, "", 0)
    assert before == after
    assert by_hand == watched != before
    assert "if tg_op = 'INSERT' then" in dry.out  # not with every quote doubled
    assert all(block.endswith(";") for block in dry.out.rstrip().split("\n\n") if not block.startswith("-- What"))


def test_a_dry_run_of_what_is_watched(env: dict[str, str], host: Host) -> None:
    """Of a table that is watched as asked for, no trigger is made, and a payload function of one's own is kept."""
    host.rows(
        "create or replace function outbound_webhooks.payload_payment_transactions("
        "payment anyelement, previous json default null) returns json language sql stable"
        " as $$ select json_build_object('mine', payment.id, 'path', 'C:\\temp') $$"
    )
    done = cli(
        *("watch", "payment_transactions", "--map", "amount=amount_cents"),
        *("--map", "refunded_amount=refunded_cents", "--dry-run"),
        **env,
    )

    assert done.code == 0
    assert "create or replace trigger" not in done.out
    assert "'mine', payment.id, 'path', 'C:\\temp'" in done.out


def test_giving_up(env: dict[str, str], session: Session) -> None:
    """A table that stays busy: each try is told of, and in the end who has locks on it, and what to do."""
    with (
        closing(Session(session.url + "&application_name=reports")) as reader,
        session.connection.transaction(),
        reader.connection.transaction(),
    ):
        session.rows("set local application_name = 'the shop'")
        session.rows(LOCK.format("row exclusive"))
        reader.rows(LOCK.format("access share"))
        done = cli("watch", "payment_transactions", "--tries", "2", **env)
        pid = session.connection.info.backend_pid

    assert refused(
        done,
        "payment_transactions is busy; try 2 of 2 in ",
        "lock timeout: payment_transactions was busy at each of 2 tries, and nothing was changed",
        f"pid {pid}, user postgres, application the shop, idle in transaction, in a transaction for ",
        " s: RowExclusiveLock",
        "pg_terminate_backend(PID)",
        "try again when they are done",
    )
    assert "reports" not in done.err  # a reader is not in the way of a new trigger
    assert sources(session) == []


def test_unwatch_gives_up(env: dict[str, str], host: Host) -> None:
    """Dropping a trigger waits for readers, too: unwatch names them."""
    with host.connection.transaction():
        host.rows("select count(*) from payment_transactions")
        done = cli("unwatch", "payment_transactions", "--tries", "1", **env)

    assert refused(done, "lock timeout", f"pid {host.connection.info.backend_pid}", ": AccessShareLock")
    assert len(sources(host)) == 1


def test_another_watch_at_work(env: dict[str, str], session: Session) -> None:
    """What is locked may be a row of our own: then that table is named, and who works on it."""
    with session.connection.transaction():
        session.rows("select from outbound_webhooks.settings for update")
        done = cli("watch", "payment_transactions", "--tries", "1", **env)

    assert refused(done, "outbound_webhooks.settings was busy", f"pid {session.connection.info.backend_pid}")


def test_a_table_that_is_free_again(env: dict[str, str], session: Session) -> None:
    """The table is free when watch tries again: it goes on, and ends well."""
    with session.connection.transaction():
        session.rows(LOCK.format("row exclusive"))
        process = subprocess.Popen(
            [sys.executable, "-m", "dispatcher", "watch", "payment_transactions"],
            cwd=ROOT, env=clean_environment(**env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        busy = process.stderr.readline()
    out, err = process.communicate(timeout=120)

    assert busy.startswith("outbound-webhooks: payment_transactions is busy; try 2 of 5 in ")
    assert (process.returncode, err) == (0, "")
    assert out.startswith("watching payment_transactions as event source payment_transactions\n")
    assert len(sources(session)) == 1


def test_unwatch_a_table_that_is_gone(env: dict[str, str], host: Host) -> None:
    """A source whose table was dropped is forgotten by its name; while the table is there, that is refused."""
    early = cli("unwatch", "--source", "payment_transactions", **env)
    neither = cli("unwatch", **env)
    host.rows("drop table payment_transactions")
    done = cli("unwatch", "--source", "payment_transactions", **env)
    again = cli("unwatch", "--source", "payment_transactions", **env)

    assert refused(early, "the table of payment_transactions, public.payment_transactions, is there", "unwatch public.")
    assert refused(neither, "name a table; or --source SOURCE")
    assert (done.code, done.out, done.err) == (0, "no longer watching payment_transactions\n", "")
    assert refused(again, "no event source named 'payment_transactions'")
    assert sources(host) == []


def test_without_the_right(env: dict[str, str], session: Session) -> None:
    """A user who is no member of our roles is told which one to be granted."""
    session.rows("create role clerk_without_grant login")
    try:
        url = session.url.replace("postgres@", "clerk_without_grant@")
        done = cli("watch", "payment_transactions", **{**env, URL: url})
    finally:
        session.rows("drop role clerk_without_grant")

    assert refused(done, "permission denied", "grant outbound_webhooks_owner")


def test_what_the_server_says(env: dict[str, str]) -> None:
    """What watch() has to tell, such as another way to wake up, comes on standard error."""
    settings = {**embedded.THROWAWAY, "max_prepared_transactions": "5"}
    with embedded.run(embedded.wheel_programs(18), settings) as server:
        migrate(server.url())
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("create table receipts (id bigint primary key, clinic_id text)")
        watch = cli("watch", "receipts", **{**env, URL: server.url()})
        unwatch = cli("unwatch", "receipts", **{**env, URL: server.url()})

    assert watch.code == 0
    assert watch.err.startswith("outbound-webhooks: wake_up is now poll, since this server allows PREPARE TRANSACTION")
    assert (unwatch.code, unwatch.err) == (0, "")  # and not that one trigger was not there to be dropped

"""db.clinic_transaction: pooled connections that work for one clinic after the other."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from dispatcher import db
from dispatcher.db import Caller, RightsMissing, clinic_transaction
from tests.sql.clinics import MINE, THEIRS, populate
from tests.support.host import Host

CLINICS = "select distinct clinic_id from outbound_webhooks.endpoints order by 1"


@pytest.fixture
def two_clinics(host: Host) -> Host:
    """Rows of two clinics."""
    populate(host, MINE)
    populate(host, THEIRS)
    return host


@pytest.fixture
def login(two_clinics: Host) -> Iterator[str]:
    """The URL of a login that is a member of outbound_webhooks_clinic and of nothing else."""
    two_clinics.rows("create role ow_test_api login password 'api' in role outbound_webhooks_clinic")
    yield make_conninfo(two_clinics.url, user="ow_test_api", password="api")
    two_clinics.rows("drop role ow_test_api")


@pytest.fixture
async def pool(two_clinics: Host) -> AsyncIterator[db.Pool]:
    """One connection of a superuser's URL, in a pool of the dispatcher's role."""
    async with db.open_pool(two_clinics.url, 1) as opened:
        yield opened


async def seen(pool: db.Pool, *clinics: str) -> list[str]:
    """Which clinics' endpoints a transaction for these clinics sees."""
    async with clinic_transaction(pool, Caller(clinics, "a test")) as connection:
        return [name for (name,) in await (await connection.execute(CLINICS)).fetchall()]


async def left_behind(pool: db.Pool) -> object:
    """What the next user of the connection finds: its role, and our settings."""
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "select current_user, nullif(current_setting('outbound_webhooks.clinics', true), ''),"
            " nullif(current_setting('outbound_webhooks.actor', true), '')"
        )
        return await cursor.fetchone()


async def test_two_clinics_alternate_on_one_connection(pool: db.Pool) -> None:
    """Each transaction sees its own clinic's rows; in between, nothing of it is left."""
    for _ in range(20):
        assert await seen(pool, MINE) == [MINE]
        assert await left_behind(pool) == ("outbound_webhooks_dispatcher", None, None)
        assert await seen(pool, THEIRS) == [THEIRS]
        assert await seen(pool) == []
        assert await seen(pool, MINE, THEIRS) == [MINE, THEIRS]


async def test_many_at_once(pool: db.Pool) -> None:
    """Waiting for the one connection, in whatever order they get it, each sees its own."""
    clinics = [MINE, THEIRS] * 20

    assert await asyncio.gather(*(seen(pool, clinic) for clinic in clinics)) == [[clinic] for clinic in clinics]


async def test_a_transaction_that_fails(pool: db.Pool) -> None:
    """After an error, or a rollback, the connection is as it was."""
    with pytest.raises(psycopg.errors.DivisionByZero):
        async with clinic_transaction(pool, Caller([MINE], "a test")) as connection:
            await connection.execute("select 1 / 0")

    assert await left_behind(pool) == ("outbound_webhooks_dispatcher", None, None)
    assert await seen(pool, THEIRS) == [THEIRS]


async def test_a_transaction_that_is_cancelled(pool: db.Pool) -> None:
    """A request that goes away in the middle of a statement leaves nothing to the next one."""
    began = asyncio.Event()

    async def hang() -> None:
        async with clinic_transaction(pool, Caller([MINE], "a test")) as connection:
            began.set()
            await connection.execute("select pg_sleep(3600)")

    task = asyncio.create_task(hang())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await left_behind(pool) == ("outbound_webhooks_dispatcher", None, None)
    assert await seen(pool, THEIRS) == [THEIRS]


async def test_a_setting_left_in_the_session(pool: db.Pool) -> None:
    """Even a clinic that somebody set for the whole session is not added to: the transaction says its own."""
    async with pool.connection() as connection:
        await connection.execute("select set_config('outbound_webhooks.clinics', %s, false)", ("{" + THEIRS + "}",))

    assert await seen(pool, MINE) == [MINE]
    assert await seen(pool) == []


async def test_a_name_that_is_more_than_a_name(pool: db.Pool) -> None:
    """Braces, commas, quotes and backslashes in a clinic's id are of its id."""
    for name in ("clinic-1,clinic-2", '"},{clinic-1}', "clinic-1'", "\\", "{}", "NULL", ""):
        assert await seen(pool, name) == []


async def test_a_url_of_its_own(login: str) -> None:
    """A login with this role alone, in a pool of this role, works the same."""
    async with db.open_pool(login, 1, db.CLINIC_ROLE) as opened:
        assert await seen(opened, MINE) == [MINE]
        assert await seen(opened, THEIRS) == [THEIRS]


async def test_a_login_without_the_role(two_clinics: Host, login: str) -> None:
    """What it lacks is said, with the grant."""
    two_clinics.rows("revoke outbound_webhooks_clinic from ow_test_api")
    two_clinics.rows("grant outbound_webhooks_monitor to ow_test_api")
    async with db.open_pool(login, 1, "outbound_webhooks_monitor") as opened:
        with pytest.raises(RightsMissing, match="grant outbound_webhooks_clinic to ow_test_api"):
            await seen(opened, MINE)


async def test_who_asked_stands_in_the_audit_log(two_clinics: Host, pool: db.Pool) -> None:
    """What a transaction changes is written down with its actor, request and address."""
    caller = Caller([MINE], "ana@clinic.example", "req-1", "203.0.113.7")
    async with clinic_transaction(pool, caller) as connection:
        await connection.execute("select outbound_webhooks.pause_endpoint(min(id)) from outbound_webhooks.endpoints")
    (line,) = two_clinics.rows(
        "select actor, request_id, address, database_user, clinic_id from outbound_webhooks.audit_log"
        " where request_id is not null"
    )

    assert line == {
        "actor": "ana@clinic.example", "request_id": "req-1", "address": "203.0.113.7", "database_user": "postgres",
        "clinic_id": MINE,
    }  # fmt: skip

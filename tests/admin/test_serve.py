"""`serve` as operators run it: a process, its settings, its end."""

import asyncio
import base64
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import aiohttp
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

from tests.admin.client import API
from tests.support import postgres
from tests.support.cli import URL, cli, refused
from tests.support.ops import free_port
from tests.support.process import run_dispatcher
from tests.support.tokens import AUDIENCE, ISSUER, SHARED, pem, rsa_key

PREFIX = "OUTBOUND_WEBHOOKS_"


def environment(database_url: str, **more: str) -> dict[str, str]:
    """The environment of `serve`."""
    values = {"database_url": database_url, "log_format": "json", **more}
    return {PREFIX + name.upper(): value for name, value in values.items()}


async def test_from_start_to_end(database_url: str) -> None:
    """It serves on loopback, lets a key of the command line in, and ends with 0 after SIGTERM."""
    key = cli("api-keys", "create", "--role", "operator", **{URL: database_url}).out.split()[-1]

    async with (
        run_dispatcher(environment(database_url, admin_port="0"), command="serve") as running,
        aiohttp.ClientSession() as session,
    ):
        (started,) = await running.logged("admin.started")
        async with session.get(
            f"http://127.0.0.1:{started['port']}{API}/me", headers={"Authorization": f"Bearer {key}"}
        ) as answer:
            assert (await answer.json())["is_operator"] is True
        running.signal(signal.SIGTERM)
        assert await running.exit_code() == 0

    assert started["host"] == "127.0.0.1"
    assert running.named("request.answered")[0]["who"] == "API key 1"
    assert key not in repr(running.lines)
    assert running.named("admin.stopped")


async def test_what_is_under_way_is_answered(database_url: str) -> None:
    """After SIGTERM nothing new is taken; a request that waits for the database is answered first."""
    key = cli("api-keys", "create", "--role", "owner", "--clinic", "a", **{URL: database_url}).out.split()[-1]
    async with (
        run_dispatcher(environment(database_url, admin_port="0"), command="serve") as running,
        aiohttp.ClientSession() as session,
        await psycopg.AsyncConnection.connect(database_url) as holder,
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as observer,
    ):
        (started,) = await running.logged("admin.started")
        await holder.execute("lock table outbound_webhooks.api_keys in access exclusive mode")
        asking = asyncio.create_task(
            session.get(f"http://127.0.0.1:{started['port']}{API}/me", headers={"Authorization": f"Bearer {key}"})
        )
        await waits_for_the_lock(observer)
        running.signal(signal.SIGTERM)
        await refuses_connections(started["port"])
        await holder.rollback()

        async with await asking as answer:
            assert answer.status == 200
        assert await running.exit_code() == 0


async def waits_for_the_lock(observer: psycopg.AsyncConnection[TupleRow]) -> None:
    """Wait until the look-up of a key waits for a lock; the server tells nobody of it."""
    async with asyncio.timeout(60):
        while not await (await observer.execute(WAITING)).fetchone():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


WAITING: LiteralString = (
    "select pid from pg_stat_activity where wait_event_type = 'Lock' and query like '%find_api_key%'"
)


async def refuses_connections(port: int) -> None:
    """Wait until nobody listens on a port any more."""
    async with asyncio.timeout(60):
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) != 0:
                    return
            await asyncio.sleep(0.01)


def test_where_it_cannot_serve(database_url: str) -> None:
    """A port that is taken, and a database without us: exit code 2, and what is wrong."""
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        done = cli("serve", **environment(database_url, admin_port=str(port)))

    assert done.code == 2
    assert f"cannot serve on 127.0.0.1:{port}" in done.err


def test_a_database_without_us(empty_database_url: str) -> None:
    """It says what to run."""
    assert refused(cli("serve", **environment(empty_database_url)), "outbound-webhooks migrate")


@pytest.fixture
def half_a_login(database_url: str) -> Iterator[str]:
    """The URL of a login that may not work for clinics."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("create role ow_test_half login password 'half' in role outbound_webhooks_admin")
        parts = conninfo_to_dict(database_url)
        yield postgres.to_url(make_conninfo(database_url, user="ow_test_half", password="half"), str(parts["dbname"]))
        connection.execute("drop role ow_test_half")


def test_a_login_that_lacks_a_role(half_a_login: str) -> None:
    """It does not start, and says what to grant."""
    done = cli("serve", **environment(half_a_login, admin_port="0"))

    assert refused(done, "grant outbound_webhooks_clinic to ow_test_half")


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A file with a public key."""
    file = tmp_path / "host.pem"
    file.write_bytes(pem(rsa_key()))
    return file


ENCODED = base64.b64encode(SHARED).decode()


async def test_a_key_file(database_url: str, key_file: Path) -> None:
    """It starts with keys of both kinds, a shared one and a file."""
    env = environment(
        database_url,
        admin_port="0",
        admin_public_url="https://Webhooks.Example/",
        jwt_keys=f"h:HS256:{ENCODED},r:RS256:{key_file}",
        jwt_issuer=ISSUER,
        jwt_audience=AUDIENCE,
    )

    async with run_dispatcher(env, command="serve") as running:
        await running.logged("admin.started")
        running.signal(signal.SIGTERM)
        assert await running.exit_code() == 0

"""Fixtures: logins of a host, a pgbouncer in either mode, and the sessions that its clients share."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import AsyncConnection, sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from pydantic import SecretStr

from tests.support import postgres
from tests.support.host import CLINIC, Host
from tests.support.pgbouncer import PgBouncer, serve_pgbouncer

ROLE = "outbound_webhooks_dispatcher"
# The host's application, which is a member of our role; one without rights; one that is a member but inherits nothing.
APP, STRANGER, NO_HEIR = "host_app", "host_stranger", "host_no_heir"
PASSWORDS = {APP: "app-4711", STRANGER: "stranger-4711", NO_HEIR: "heir-4711"}
SHARED_SESSIONS = 2

STATE = """
    select current_user, session_user, current_setting('timezone') as timezone,
        array(select pg_listening_channels()) as channels,
        array(select name from pg_settings where source = 'session' and name not in ('application_name')) as settings,
        (select count(*) from pg_prepared_statements) as prepared
"""


@pytest.fixture(scope="session")
def logins(server: postgres.TestServer) -> Iterator[Mapping[str, str]]:
    """The host's logins, with their passwords."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        for login, password in PASSWORDS.items():
            connection.execute(
                sql.SQL("create role {} login password {} {}").format(
                    sql.Identifier(login), password, sql.SQL("noinherit" if login == NO_HEIR else "")
                )
            )
        connection.execute(f"grant {ROLE} to {APP}, {NO_HEIR}")
        connection.execute(f"alter role {APP} set timezone = 'America/Sao_Paulo'")
    yield PASSWORDS
    with psycopg.connect(server.url, autocommit=True) as connection:
        for login in PASSWORDS:
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(login)))


@pytest.fixture
def transaction_pooler(server: postgres.TestServer, logins: Mapping[str, str]) -> Iterator[PgBouncer]:
    """A pgbouncer in transaction mode: all clients of a login share two sessions."""
    with serve_pgbouncer(server.url, "transaction", SHARED_SESSIONS, logins) as pooler:
        yield pooler


@pytest.fixture
def session_pooler(server: postgres.TestServer, logins: Mapping[str, str]) -> Iterator[PgBouncer]:
    """A pgbouncer in session mode."""
    with serve_pgbouncer(server.url, "session", 20, logins) as pooler:
        yield pooler


@dataclass(frozen=True)
class Application:
    """The host's application: it writes payments through the pooler, as the same login as the dispatcher."""

    url: str

    @property
    def secret_url(self) -> SecretStr:
        """The same for the dispatcher's settings."""
        return SecretStr(self.url)

    async def pay(self, count: int = 1) -> None:
        """Write payments, each in a transaction of its own."""
        async with await self._connect() as connection:
            for _ in range(count):
                await connection.execute("insert into payment_transactions (clinic_id) values (%s)", (CLINIC,))

    async def states(self) -> list[dict[str, object]]:
        """What each of the shared sessions is like for a client that comes upon it, all of them held at once."""
        async with asyncio.timeout(60):
            connections = [await self._connect() for _ in range(SHARED_SESSIONS)]
            for connection in connections:
                await connection.execute("begin")
            found = [await (await connection.execute(STATE)).fetchall() for connection in connections]
            for connection in connections:
                await connection.execute("commit")
                await connection.close()
        return [dict(row) for rows in found for row in rows]

    async def _connect(self) -> AsyncConnection[dict[str, object]]:
        return await AsyncConnection.connect(self.url, autocommit=True, prepare_threshold=None, row_factory=dict_row)


def application(host: Host, pooler: PgBouncer, login: str = APP) -> Application:
    """The application of a host, through a pooler; it may write payments, and everything else of it is the login's."""
    if login == APP:
        host.rows(f"grant select, insert, update on payment_transactions to {APP}")
    return Application(pooler.url(str(conninfo_to_dict(host.url)["dbname"]), login))

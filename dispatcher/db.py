"""Connections to PostgreSQL. Pools work in autocommit: a statement is a transaction, and none is open during HTTP."""

from typing import LiteralString

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]

DISPATCHER_ROLE: LiteralString = "outbound_webhooks_dispatcher"

# A peer that is gone without a word is noticed within seconds, and a frozen dispatcher's LISTEN backend is dropped by
# the server's kernel before it can fill the notification queue.
_KEEPALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "connect_timeout": 10,
}


async def connect(url: str, role: LiteralString = DISPATCHER_ROLE) -> AsyncConnection[TupleRow]:
    """One connection in autocommit, working as `role`.

    Raises:
        psycopg.OperationalError: no connection.
        psycopg.ProgrammingError: the role does not exist, or the user may not take it.
    """
    connection = await AsyncConnection.connect(_conninfo(url), autocommit=True)
    try:
        await _prepare(connection, role)
    except BaseException:
        await connection.close()
        raise
    return connection


def open_pool(url: str, size: int, role: LiteralString = DISPATCHER_ROLE) -> Pool:
    """A pool of connections in autocommit, working as `role`; enter it to open it.

    A borrowed connection has been checked, so that a server restart costs no failed statement.
    """

    async def configure(connection: AsyncConnection[TupleRow]) -> None:
        await _prepare(connection, role)

    return AsyncConnectionPool(
        _conninfo(url),
        min_size=1,
        max_size=size,
        kwargs={"autocommit": True},
        configure=configure,
        check=AsyncConnectionPool.check_connection,
        open=False,
        timeout=30,
        name="dispatcher",
    )


def _conninfo(url: str) -> str:
    return make_conninfo(url, application_name="outbound-webhooks", **_KEEPALIVE)


async def _prepare(connection: AsyncConnection[TupleRow], role: LiteralString) -> None:
    await connection.execute("set role " + role)
    await connection.execute("set timezone = 'UTC'")


def error_text(error: BaseException) -> str:
    """What a database error says, on one line and without the statement."""
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return f"{error.diag.message_primary} ({error.diag.sqlstate})"
    return f"{type(error).__name__}: {' '.join(str(error).split())}"

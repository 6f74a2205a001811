"""Connections to PostgreSQL. Pools work in autocommit: a statement is a transaction, and none is open during HTTP.

A connection that leads through a pooler sets nothing for its session: in transaction mode the session is shared, and a
role set by us would be the role of the host's next statement. There the login itself has to have the rights.
"""

import select
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]
Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection[TupleRow]]]

DISPATCHER_ROLE: LiteralString = "outbound_webhooks_dispatcher"
OWNER_ROLE: LiteralString = "outbound_webhooks_owner"
ADMIN_ROLE: LiteralString = "outbound_webhooks_admin"
CLINIC_ROLE: LiteralString = "outbound_webhooks_clinic"

# A server that is gone without a word is noticed within seconds. libpq keeps these to itself: a pooler, which refuses
# startup parameters that it does not know, never sees them.
_KEEPALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "connect_timeout": 10,
}

# tcp_user_timeout is the server's half of that: a frozen dispatcher, whose kernel goes on acknowledging, stops to read;
# its LISTEN backend is dropped before it can hold up the server's notification queue.
# With row_security off, whatever row-level security is on for would be refused.
_SESSION: LiteralString = "; set timezone = 'UTC'; set tcp_user_timeout = '10s'; set row_security = on"

# Whatever the host's defaults are: VACUUM may take long, and who waited for a lock sees what was committed meanwhile.
_OWNER_SESSION: LiteralString = (
    "set lock_timeout = '2s'; set statement_timeout = 0; set default_transaction_isolation = 'read committed'"
)


# Until the transaction's end, so that nothing of it is left to whoever has the connection next, pooled or not.
_SAY_WHO: LiteralString = (
    "select set_config('outbound_webhooks.actor', %s, true), set_config('outbound_webhooks.request_id', %s, true),"
    " set_config('outbound_webhooks.address', %s, true)"
)
_WORK_FOR: LiteralString = (
    f"select set_config('role', '{CLINIC_ROLE}', true), set_config('outbound_webhooks.clinics', %s::text[]::text, true)"
)


@dataclass(frozen=True)
class Caller:
    """For whom a transaction works: the clinics that it sees, and what the audit log says of who asked.

    Attributes:
        clinics: ids of clinics; none: it sees nothing.
        actor: a user, a session or a key, in words: `key 7f3a`, `ana@clinic.example`.
        request_id: which request it is part of; empty: none.
        address: where that came from; empty: the database client's address is recorded.
    """

    clinics: Sequence[str]
    actor: str
    request_id: str = ""
    address: str = ""


class RoleMissing(psycopg.ProgrammingError):
    """The role does not exist: nothing is installed on this server."""


class RightsMissing(psycopg.ProgrammingError):
    """The login may not work as the role; the message says what to grant."""


async def connect(url: str, purpose: str = "", role: LiteralString = DISPATCHER_ROLE) -> AsyncConnection[TupleRow]:
    """One connection in autocommit, working as `role`; its `purpose` is seen in pg_stat_activity.

    Raises:
        psycopg.OperationalError: no connection.
        RoleMissing, RightsMissing: the role does not exist, or the login may not work as it.
    """
    connection = await AsyncConnection.connect(_conninfo(url, purpose), autocommit=True)
    try:
        await _prepare(connection, role)
    except BaseException:
        await connection.close()
        raise
    return connection


@asynccontextmanager
async def as_owner(url: str) -> AsyncIterator[AsyncConnection[TupleRow]]:
    """A connection that works as the owner of our tables, and waits for a lock for 2 s at most.

    It is for what PostgreSQL lets only the owner do, and in no function and no transaction: VACUUM, and detaching
    partitions without a writer waiting for it.

    Raises:
        psycopg.OperationalError: no connection.
        RoleMissing, RightsMissing: the role does not exist, or the login may not work as it, or a pooler is in between.
    """
    async with await AsyncConnection.connect(_conninfo(url, "maintenance"), autocommit=True) as connection:
        if await is_pooled(connection):
            raise RightsMissing(
                "the connection leads through a pooler, where no lock timeout can be set:"
                " name a direct one in OUTBOUND_WEBHOOKS_LISTEN_DATABASE_URL"
            )
        await _prepare(connection, OWNER_ROLE)
        await connection.execute(_OWNER_SESSION)
        yield connection


def open_pool(url: str, size: int, role: LiteralString = DISPATCHER_ROLE) -> Pool:
    """A pool of connections in autocommit, working as `role`; enter it to open it.

    A borrowed connection is looked at first, so that a server restart costs no failed statement.
    """

    async def configure(connection: AsyncConnection[TupleRow]) -> None:
        await _prepare(connection, role)

    return AsyncConnectionPool(
        _conninfo(url),
        min_size=1,
        max_size=size,
        kwargs={"autocommit": True},
        configure=configure,
        check=_check,
        open=False,
        timeout=10,  # then the database counts as away, which is said; who asked tries again
        name="dispatcher",
    )


@asynccontextmanager
async def transaction_of(
    pool: Pool, actor: str, request_id: str = "", address: str = ""
) -> AsyncIterator[AsyncConnection[TupleRow]]:
    """A transaction of somebody, as the pool's role: the audit log says who, in which request, and where from.

    Args: as the attributes of Caller.
    """
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(_SAY_WHO, (actor, request_id, address))
        yield connection


@asynccontextmanager
async def clinic_transaction(pool: Pool, caller: Caller) -> AsyncIterator[AsyncConnection[TupleRow]]:
    """A transaction that works as outbound_webhooks_clinic: row-level security shows it the caller's clinics alone.

    The pool may be that of any role: the login has to be a member of outbound_webhooks_clinic, and takes that role for
    the transaction, also through a pooler.

    Raises:
        RoleMissing, RightsMissing: the role does not exist, or the login may not work as it.
    """
    async with transaction_of(pool, caller.actor, caller.request_id, caller.address) as connection:
        with _explained(connection, CLINIC_ROLE):
            await connection.execute(_WORK_FOR, (list(caller.clinics),))
        yield connection


async def _check(connection: AsyncConnection[TupleRow]) -> None:
    """Ask the server, if it has said something: a server that goes away says so, or closes. Else nothing is lost yet.

    A question each time would double what a claim has to wait for.
    """
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    if waiting.poll(0):
        await AsyncConnectionPool.check_connection(connection)


def _conninfo(url: str, purpose: str = "") -> str:
    return make_conninfo(url, application_name=f"outbound-webhooks {purpose}".rstrip(), **_KEEPALIVE)


async def _prepare(connection: AsyncConnection[TupleRow], role: LiteralString) -> None:
    pooled = await is_pooled(connection)
    with _explained(connection, role):
        if pooled:
            # Prepared statements belong to a session, too.
            connection.prepare_threshold = None
            await _require_rights(connection, role)
        else:
            await connection.execute("set role " + role + _SESSION)


@contextmanager
def _explained(connection: AsyncConnection[TupleRow], role: LiteralString) -> Iterator[None]:
    """Say what is missing where a role cannot be taken."""
    try:
        yield
    except (psycopg.errors.InvalidParameterValue, psycopg.errors.UndefinedObject) as error:
        raise RoleMissing(f"there is no role {role}") from error
    except psycopg.errors.InsufficientPrivilege as error:
        user = connection.info.user
        raise RightsMissing(f"{user} may not work as {role}: grant {role} to {user}") from error


async def is_pooled(connection: AsyncConnection[TupleRow]) -> bool:
    """Whether a pooler is in between: it makes up the process id that it greets with; the server knows the real one."""
    cursor = await connection.execute("select pg_backend_pid()")
    return await cursor.fetchone() != (connection.info.backend_pid,)


async def _require_rights(connection: AsyncConnection[TupleRow], role: LiteralString) -> None:
    cursor = await connection.execute(
        "select current_user, pg_has_role(%(role)s, 'usage'), pg_has_role(%(role)s, 'member')", {"role": role}
    )
    row = await cursor.fetchone()
    assert row is not None
    user, has_rights, is_member = row
    if has_rights:
        return
    grant = f"grant {role} to {user}"
    if is_member:  # and does not inherit: since PostgreSQL 16 that is decided by the grant
        grant = (
            f"{grant} with inherit true" if connection.info.server_version >= 160000 else f"alter role {user} inherit"
        )
    raise RightsMissing(
        f"the connection leads through a pooler, where no role can be set: {user} itself needs the rights of {role}:"
        f" {grant}"
    )


def with_hint(error: psycopg.Error, text: str) -> str:
    """What is said of an error, and what the database says can be done about it, on a line of its own."""
    return f"{text}\n{error.diag.message_hint}" if error.diag.message_hint else text


def error_text(error: BaseException) -> str:
    """What a database error says, on one line and without the statement."""
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return f"{error.diag.message_primary} ({error.diag.sqlstate})"
    return f"{type(error).__name__}: {' '.join(str(error).split())}"

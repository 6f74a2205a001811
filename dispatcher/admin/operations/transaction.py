"""A transaction of somebody: the audit log says who, in which request, and where from."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from dispatcher.admin.deps import Visit
from dispatcher.db import Pool


@asynccontextmanager
async def transaction(
    pool: Pool, actor: str, request_id: str, address: str
) -> AsyncIterator[AsyncConnection[TupleRow]]:
    """Open one; what is set for it ends with it, and whoever borrows the connection next has nothing of it."""
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(
            "select set_config('outbound_webhooks.actor', %s, true),"
            " set_config('outbound_webhooks.request_id', %s, true),"
            " set_config('outbound_webhooks.address', %s, true)",
            (actor, request_id, address),
        )
        yield connection


def of_visit(pool: Pool, visit: Visit) -> AbstractAsyncContextManager[AsyncConnection[TupleRow]]:
    """A transaction of who calls."""
    return transaction(pool, visit.principal.actor, visit.request_id, visit.address)

"""A transaction of who calls."""

from contextlib import AbstractAsyncContextManager

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from dispatcher.admin.deps import Visit
from dispatcher.db import Pool, transaction_of


def of_visit(pool: Pool, visit: Visit) -> AbstractAsyncContextManager[AsyncConnection[TupleRow]]:
    """A transaction of who calls."""
    return transaction_of(pool, visit.principal.actor, visit.request_id, visit.address)

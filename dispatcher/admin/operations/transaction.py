"""Transactions of who calls."""

from contextlib import AbstractAsyncContextManager

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from dispatcher.admin.deps import Visit
from dispatcher.db import Caller, Pool, clinic_transaction, transaction_of

Transaction = AbstractAsyncContextManager[AsyncConnection[TupleRow]]


def of_visit(pool: Pool, visit: Visit) -> Transaction:
    """A transaction of who calls, as the admin role: for what the clinic role has no right to."""
    return transaction_of(pool, visit.principal.actor, visit.request_id, visit.address)


def of_clinic(pool: Pool, visit: Visit) -> Transaction:
    """A transaction that sees the clinic that the request is about, and nothing else, whatever its statements say.

    An operator's request that names no clinic sees all of them.
    """
    if visit.clinic_id is None:
        return of_visit(pool, visit)
    caller = Caller([visit.clinic_id], visit.principal.actor, visit.request_id, visit.address)
    return clinic_transaction(pool, caller)


async def without_jit(connection: AsyncConnection[TupleRow]) -> None:
    """Have nothing compiled until the transaction ends: for statements that look at an index for each endpoint.

    With thousands of endpoints the planner takes that for much work; to compile it would take longer than to do it.
    """
    await connection.execute("select set_config('jit', 'off', true)")

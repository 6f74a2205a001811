"""A page of a list that is read window by window, at a bounded cost whatever is asked for."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, LiteralString, TypeVar

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row
from psycopg.sql import Composed

from dispatcher.admin.operations.windows import Place, Window

Row = TypeVar("Row")
Statement = tuple[Composed, dict[str, Any]]

# Candidates of a window that are looked at for one page, where an index alone does not find what is asked for.
MOST_LOOKED_AT = 300

# A statement over more days than this is a wide one: with the retention that is installed it takes about a thousand
# locks, of the 6,400 that a server has as it is installed. One of them at a time, so that no payment finds none left.
WIDE = timedelta(days=15)
# Until the end of the transaction: rows in the order of an index, as far as they are asked for. The planner cannot know
# how few a place leaves of a window, and would fetch and sort all of it.
_START: LiteralString = (
    "select statement_timestamp(), set_config('enable_seqscan', 'off', true),"
    " set_config('enable_bitmapscan', 'off', true), set_config('jit', 'off', true), set_config('enable_sort', %s, true)"
)
# For a few rows that may be on any day: a plan over all partitions is made once for a connection, as to make it takes
# ten times as long as to carry it out; it opens those alone that it reads.
_PLAN_ONCE: LiteralString = "select set_config('plan_cache_mode', 'force_generic_plan', true)"
# Who waits holds a connection of the pool: for two seconds, and then is told to come again.
_NOT_FOR_LONG: LiteralString = "select set_config('lock_timeout', '2s', true)"
_ONE_AT_A_TIME: LiteralString = (
    "select pg_advisory_xact_lock(hashtextextended('outbound_webhooks.statements_over_many_days', 0))"
)


@dataclass(frozen=True)
class Source(Generic[Row]):
    """What a list is read from.

    Attributes:
        rows: the class of its rows.
        page: the statement of so many rows of a window, from a place on.
        bound: the statement that finds the place of the row of a number among those that have to be looked at; None:
            an index finds the rows themselves.
        place: where a row stands.
        is_planned_once: whether plan_once() was called.
    """

    rows: type[Row]
    page: Callable[[Window, Place, int], Statement]
    bound: Callable[[Window, int], Statement] | None
    place: Callable[[Row], Place]
    is_planned_once: bool = False


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows of a list; `next` is the place behind which it goes on, None: there is no more.

    There may be fewer rows than were asked for, and none, and the list goes on all the same.
    """

    rows: list[Row]
    next: Place | None


async def start(connection: AsyncConnection[TupleRow], *, may_sort: bool) -> datetime:
    """Have the transaction read by indexes alone; returns the database's time.

    Args:
        may_sort: False: every list has an index in its order.
    """
    cursor = await connection.execute(_START, ("on" if may_sort else "off",))
    row = await cursor.fetchone()
    assert row is not None
    now: datetime = row[0]
    return now


async def plan_once(connection: AsyncConnection[TupleRow]) -> None:
    """Have the statements that are prepared from here on planned once for a connection, until the transaction ends."""
    await connection.execute(_PLAN_ONCE)


async def read_page(
    connection: AsyncConnection[TupleRow], source: Source[Row], parts: Iterable[Window], now: datetime, limit: int
) -> Page[Row]:
    """Read at most `limit` rows, window by window, in a transaction."""
    found: list[Row] = []
    for window in parts:
        await take_turn(connection, window.since, now)
        # First, so that what comes and goes in between neither shifts the bound nor is left out.
        bound = source.bound and await _place(connection, source.bound(window, MOST_LOOKED_AT))
        statement, parameters = source.page(window, bound or window.first, limit + 1 - len(found))
        async with connection.cursor(row_factory=class_row(source.rows)) as cursor:
            # Prepared, it might be planned for any time, and for any clinic.
            await cursor.execute(statement, parameters, prepare=source.is_planned_once)
            found += await cursor.fetchall()
        if len(found) > limit:
            return Page(found[:limit], source.place(found[limit - 1]))
        if bound is not None:
            return Page(found, bound)
    return Page(found, None)


async def take_turn(connection: AsyncConnection[TupleRow], since: datetime, now: datetime) -> None:
    """Wait until no other transaction reads as many days as this one is about to, if they are many.

    Raises:
        psycopg.errors.LockNotAvailable: one does, and goes on.
    """
    if now - since > WIDE:
        await connection.execute(_NOT_FOR_LONG)
        await connection.execute(_ONE_AT_A_TIME)


async def _place(connection: AsyncConnection[TupleRow], statement: Statement) -> Place | None:
    cursor = await connection.execute(*statement, prepare=False)
    row = await cursor.fetchone()
    return None if row is None else (row[0], row[1])

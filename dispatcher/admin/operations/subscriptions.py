"""What an endpoint would get: of the events that a clinic had lately, how many its types and its filter choose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from psycopg.errors import QueryCanceled
from psycopg.sql import SQL
from psycopg.types.json import Jsonb

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.events import EventChoice, bound
from dispatcher.admin.operations.pages import WIDE, Source, Statement, read_page, start
from dispatcher.admin.operations.transaction import of_clinic
from dispatcher.admin.operations.windows import Place, Window, windows
from dispatcher.core.model import NOTICE_RESOURCES
from dispatcher.db import Pool

MOST_EVENTS = 100
# Further back, it would be one of the statements of which there is one at a time (pages.py).
LATELY = WIDE


@dataclass(frozen=True)
class Chosen:
    """How many of the newest events are chosen; of `events` there are MOST_EVENTS at most, none older than LATELY.

    `chosen` is None: to count them would have taken longer than a second.
    """

    events: int
    chosen: int | None


@dataclass(frozen=True)
class _Id:
    id: UUID


async def count_chosen(
    pool: Pool, visit: Visit, clinic_id: str, event_types: Sequence[str], wanted: Mapping[str, Any] | None
) -> Chosen:
    """How many of a clinic's newest events such an endpoint would have got; what it is told of our own is left out.

    Args:
        event_types, wanted: the patterns and the filter of an endpoint.
    """
    async with of_clinic(pool, visit) as connection:
        now = await start(connection, may_sort=True)
        choice = EventChoice(clinic_id=clinic_id)
        source = Source(_Id, partial(_page, clinic_id), partial(bound, choice), lambda row: (row.id, 0))
        page = await read_page(connection, source, windows(now, now - LATELY, None, None), now, MOST_EVENTS)
        ids = [row.id for row in page.rows]
        subscription = (list(event_types), None if wanted is None else Jsonb(wanted))
        try:
            async with connection.transaction():
                await connection.execute(_FOR_A_SECOND)
                cursor = await connection.execute(_COUNT, (ids, *subscription))
                row = await cursor.fetchone()
        except QueryCanceled:
            return Chosen(len(ids), None)
    assert row is not None
    return Chosen(len(ids), row[0])


def _page(clinic_id: str, window: Window, first: Place, limit: int) -> Statement:
    """The newest events of a window that endpoints ask for, from the place `first` on."""
    return _PAGE, {
        "clinic_id": clinic_id,
        "notices": list(NOTICE_RESOURCES),
        "before": window.before[0],
        "first": first[0],
        "limit": limit,
    }


_PAGE = SQL(
    "select e.id from outbound_webhooks.events as e where e.clinic_id = %(clinic_id)s and e.id < %(before)s"
    " and e.id >= %(first)s and e.resource <> all (%(notices)s) order by e.id desc limit %(limit)s"
).format()
_FOR_A_SECOND = SQL("select set_config('statement_timeout', '1s', true)").format()
_COUNT = SQL("select outbound_webhooks.count_chosen(%s, %s, %s)").format()

"""Events: finding them, and one with its body, its deliveries, and why each endpoint got it or not."""

from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, LiteralString
from uuid import UUID

from psycopg.errors import NoDataFound
from psycopg.rows import class_row
from psycopg.sql import SQL, Composable
from pydantic import Field

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations import delivery_statements
from dispatcher.admin.operations.delivery_rows import Delivery
from dispatcher.admin.operations.explaining import Explanation, explain
from dispatcher.admin.operations.pages import Page, Source, Statement, plan_once, read_page, start, take_turn
from dispatcher.admin.operations.transaction import of_clinic
from dispatcher.admin.operations.windows import Place, Window, windows
from dispatcher.db import Pool


@dataclass(frozen=True)
class Event:
    """An immutable fact."""

    event_id: Annotated[UUID, Field(description="The webhook-id of the requests that carry it.")]
    clinic_id: str
    type: str
    resource: Annotated[str, Field(description="What it is about: payment_transaction.")]
    resource_id: Annotated[str, Field(description="Which one.")]
    source: Annotated[str | None, Field(description="The watched table it was captured from; null if it was emitted.")]
    occurred_at: datetime
    request_id: Annotated[str | None, Field(description="The request that its transaction was part of.")]
    traceparent: Annotated[str | None, Field(description="The trace of its transaction.")]


@dataclass(frozen=True)
class EndpointExplained:
    """What became of an event at an endpoint, or why it did not get it."""

    endpoint_id: int
    explain: Annotated[list[Explanation], Field(description="The first is the answer, the others stand beside it.")]


@dataclass(frozen=True, kw_only=True)
class EventDetails(Event):
    """An event with its body, its deliveries, and an answer for each endpoint of its clinic."""

    body: Annotated[str, Field(description="The exact text that is signed and sent.")]
    deliveries: Annotated[list[Delivery], Field(description="The newest first.")]
    endpoints: Annotated[
        list[EndpointExplained],
        Field(description="All of the clinic, but for those that were retired and got nothing of it."),
    ]


@dataclass(frozen=True)
class EventChoice:
    """Which events are meant: all that is not None has to fit. The attributes are those of a Choice of deliveries."""

    clinic_id: str | None = None
    type: str | None = None
    resource: str | None = None
    resource_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def list_events(pool: Pool, visit: Visit, choice: EventChoice, limit: int, after: Place | None) -> Page[Event]:
    """At most `limit` of those that are meant, the newest first."""
    async with of_clinic(pool, visit) as connection:
        now = await start(connection, may_sort=True)
        source = Source(
            Event,
            partial(page, choice),
            partial(bound, choice) if looks(choice) else None,
            lambda row: (row.event_id, 0),
        )
        return await read_page(connection, source, windows(now, choice.since, choice.until, after), now, limit)


async def find_event(pool: Pool, visit: Visit, event_id: UUID) -> EventDetails:
    """An event.

    Raises:
        NoDataFound: there is none (any more), or it is another clinic's.
    """
    async with of_clinic(pool, visit) as connection:
        now = await start(connection, may_sort=True)
        await plan_once(connection)
        cursor = await connection.execute(_ONE, (event_id,), prepare=True)
        row = await cursor.fetchone()
        if row is None:
            raise NoDataFound("there is no such event")
        event, body = Event(*row[:-1]), row[-1]
        window = next(windows(now, None, None, (event_id, 0)))
        await take_turn(connection, window.since, now)
        async with connection.cursor(row_factory=class_row(Delivery)) as rows:
            await rows.execute(*delivery_statements.of_an_event(event_id, now), prepare=True)
            deliveries = await rows.fetchall()
        cursor = await connection.execute(_ENDPOINTS, (event.clinic_id, [one.endpoint_id for one in deliveries]))
        endpoints = [
            EndpointExplained(number, await explain(connection, event_id, number))
            for (number,) in await cursor.fetchall()
        ]
    return EventDetails(**asdict(event), body=body, deliveries=deliveries, endpoints=endpoints)


async def find_body(pool: Pool, visit: Visit, event_id: UUID) -> str:
    """The exact text that is signed and sent.

    Raises:
        NoDataFound: there is no such event (any more), or it is another clinic's.
    """
    async with of_clinic(pool, visit) as connection:
        cursor = await connection.execute(_BODY, (event_id,))
        row = await cursor.fetchone()
    if row is None:
        raise NoDataFound("there is no such event")
    body: str = row[0]
    return body


def looks(choice: EventChoice) -> list[Composable]:
    """The conditions that no index knows."""
    found: list[Composable] = []
    if choice.type not in (None, "*"):
        found.append(SQL("%(type)s in (e.type, split_part(e.type, '.', 1) || '.*')"))
    if choice.resource is not None and choice.resource_id is None:
        found.append(SQL("e.resource = %(resource)s"))
    return found


def page(choice: EventChoice, window: Window, first: Place, limit: int) -> Statement:
    """The newest events of a window, from the place `first` on."""
    conditions = SQL(" and ").join([*_found_by(choice), *looks(choice)])
    return _PAGE.format(conditions), {**_parameters(choice, window, first), "limit": limit}


def bound(choice: EventChoice, window: Window, number: int) -> Statement:
    """The place of the event of this number in a window, of those that have to be looked at."""
    conditions = SQL(" and ").join(_found_by(choice))
    return _BOUND.format(conditions), {**_parameters(choice, window, window.first), "number": number}


def _found_by(choice: EventChoice) -> list[Composable]:
    found: list[Composable] = [SQL("e.id < %(before)s and e.id >= %(first)s")]
    if choice.clinic_id is not None:
        found.append(SQL("e.clinic_id = %(clinic_id)s"))
    if choice.resource_id is not None:
        found.append(SQL("e.resource = %(resource)s and e.resource_id = %(resource_id)s"))
    return found


def _parameters(choice: EventChoice, window: Window, first: Place) -> dict[str, Any]:
    return {**asdict(choice), "before": window.before[0], "first": first[0]}


_PAGE = SQL(
    "select e.id as event_id, e.clinic_id, e.type, e.resource, e.resource_id, e.source, e.occurred_at, e.request_id,"
    " e.traceparent"
    " from outbound_webhooks.events as e where {} order by e.id desc limit %(limit)s"
)
_BOUND = SQL(
    "select e.id, 0 from outbound_webhooks.events as e where {} order by e.id desc offset %(number)s - 1 limit 1"
)
_ONE: LiteralString = (
    "select e.id, e.clinic_id, e.type, e.resource, e.resource_id, e.source, e.occurred_at, e.request_id,"
    " e.traceparent, e.body from outbound_webhooks.events as e where e.id = %s"
)
_BODY: LiteralString = "select e.body from outbound_webhooks.events as e where e.id = %s"
_ENDPOINTS: LiteralString = (
    "select n.id from outbound_webhooks.endpoints as n where n.clinic_id = %s"
    " and (n.state <> 'retired' or n.id = any (%s)) order by n.id"
)

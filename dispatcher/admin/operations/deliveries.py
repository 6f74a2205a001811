"""Deliveries: finding them, one with all that is known of it, and sending one again or giving it up."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Literal, LiteralString

from psycopg import AsyncConnection
from psycopg.errors import NoDataFound
from psycopg.rows import TupleRow, class_row
from pydantic import Field

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations import delivery_statements
from dispatcher.admin.operations.delivery_rows import Choice, Delivery, ErrorClass
from dispatcher.admin.operations.explaining import Explanation, explain
from dispatcher.admin.operations.pages import Page, Source, plan_once, read_page, start, take_turn
from dispatcher.admin.operations.transaction import of_clinic, of_visit
from dispatcher.admin.operations.windows import EPOCH, Place, moment, windows
from dispatcher.db import Pool

MOST_ATTEMPTS = 200


@dataclass(frozen=True)
class Attempt:
    """A request that may have left the machine."""

    number: int
    reason: Annotated[
        Literal["first", "retry", "manual", "probe", "test"], Field(description="manual: somebody asked for it.")
    ]
    outcome: Annotated[
        Literal["succeeded", "failed", "lost"],
        Field(description="lost: its dispatcher ended before it knew; the receiver may have got the request."),
    ]
    error_class: ErrorClass | None
    http_status: int | None
    started_at: datetime
    duration_ms: Annotated[int | None, Field(description="From connecting to the last byte read.")]
    recorded_at: datetime
    note: Annotated[str | None, Field(description="late, body_truncated, ...")]
    content_type: Annotated[str | None, Field(description="What the answer called its body.")]
    response_excerpt: Annotated[
        str | None,
        Field(
            description="At most 1 KB of the body of an answer that was not 2xx, as the receiver wrote it: trust"
            " nothing in it. A clinic's owner alone sees it."
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class DeliveryDetails(Delivery):
    """A delivery, with what was tried and what is in its way."""

    attempts: Annotated[list[Attempt], Field(description=f"The newest first, {MOST_ATTEMPTS} at most.")]
    explain: Annotated[list[Explanation], Field(description="The first is the answer, the others stand beside it.")]


@dataclass(frozen=True)
class Retried:
    """A delivery that is sent again."""

    delivery_id: int
    words: Annotated[str, Field(description="`due now`, or what keeps it from being sent.")]


async def list_deliveries(pool: Pool, visit: Visit, choice: Choice, limit: int, after: Place | None) -> Page[Delivery]:
    """At most `limit` of those that are meant, the newest events first."""
    async with of_clinic(pool, visit) as connection:
        now = await start(connection, may_sort=False)
        if choice.endpoint_id is not None:
            choice = replace(choice, clinic_id=await clinic_of_endpoint(connection, choice.endpoint_id))
        if choice.resource_id is not None:
            choice = await _with_events(connection, choice)
        if not choice.states or choice.event_ids == [] or (choice.endpoint_id is not None and choice.clinic_id is None):
            return Page([], None)
        source = Source(
            Delivery,
            partial(delivery_statements.page, choice, now),
            partial(delivery_statements.bound, choice, now) if delivery_statements.looks(choice) else None,
            lambda row: (row.event_id, row.delivery_id),
            is_planned_once=choice.event_ids is not None,
        )
        return await read_page(connection, source, windows(now, choice.since, choice.until, after), now, limit)


async def find_delivery(pool: Pool, visit: Visit, delivery_id: int, *, may_read_answers: bool) -> DeliveryDetails:
    """A delivery.

    Raises:
        NoDataFound: there is none, or it is another clinic's.
    """
    async with of_clinic(pool, visit) as connection:
        now = await start(connection, may_sort=True)
        await take_turn(connection, EPOCH, now)
        await plan_once(connection)
        async with connection.cursor(row_factory=class_row(Delivery)) as cursor:
            await cursor.execute(*delivery_statements.one(delivery_id, now), prepare=True)
            delivery = await cursor.fetchone()
        if delivery is None:
            raise NoDataFound("there is no such delivery")
        attempts = await _attempts(connection, delivery)
        lines = await explain(connection, delivery.event_id, delivery.endpoint_id)
    if may_read_answers:
        attempts = await _with_answers(pool, visit, delivery_id, attempts)
    return DeliveryDetails(**asdict(delivery), attempts=attempts, explain=lines)


async def retry_delivery(pool: Pool, visit: Visit, delivery_id: int) -> Retried:
    """Send a delivery again, now.

    Raises:
        psycopg.errors.NoDataFound: there is none, or it is another clinic's.
        psycopg.errors.ObjectNotInPrerequisiteState: it cannot be sent; the message says why.
    """
    async with of_clinic(pool, visit) as connection:
        cursor = await connection.execute("select outbound_webhooks.retry_delivery(%s)", (delivery_id,))
        row = await cursor.fetchone()
    assert row is not None
    return Retried(delivery_id, row[0])


async def cancel_delivery(pool: Pool, visit: Visit, delivery_id: int, reason: str) -> None:
    """Give up a delivery that waits or is parked.

    Raises:
        psycopg.errors.NoDataFound: there is none, or it is another clinic's.
        psycopg.errors.ObjectNotInPrerequisiteState: it has ended, or is in flight.
    """
    async with of_clinic(pool, visit) as connection:
        await connection.execute("select outbound_webhooks.cancel_delivery(%s, %s)", (delivery_id, reason))


async def clinic_of_endpoint(connection: AsyncConnection[TupleRow], endpoint_id: int) -> str | None:
    """Whose an endpoint is; None: there is none that is seen."""
    cursor = await connection.execute(_CLINIC, (endpoint_id,))
    row = await cursor.fetchone()
    return None if row is None else str(row[0])


async def _with_events(connection: AsyncConnection[TupleRow], choice: Choice) -> Choice:
    """The choice, with the events about one thing, and no more time than they take."""
    await plan_once(connection)
    about = (choice.clinic_id, choice.resource, choice.resource_id)
    cursor = await connection.execute(_EVENTS, about, prepare=True)
    ids = [row[0] for row in await cursor.fetchall()]
    if not ids:
        return replace(choice, event_ids=[])
    since, until = moment(min(ids)), moment(max(ids)) + timedelta(milliseconds=1)
    return replace(
        choice,
        event_ids=ids,
        since=since if choice.since is None else max(since, choice.since),
        until=until if choice.until is None else min(until, choice.until),
    )


async def _attempts(connection: AsyncConnection[TupleRow], delivery: Delivery) -> list[Attempt]:
    async with connection.cursor(row_factory=class_row(Attempt)) as cursor:
        since = delivery.created_at - timedelta(minutes=1)  # clocks may differ
        await cursor.execute(_ATTEMPTS, (delivery.delivery_id, since, MOST_ATTEMPTS), prepare=True)
        return await cursor.fetchall()


async def _with_answers(pool: Pool, visit: Visit, delivery_id: int, attempts: list[Attempt]) -> list[Attempt]:
    """The attempts, with what was answered; the delivery is the clinic's."""
    async with of_visit(pool, visit) as connection:
        cursor = await connection.execute(_ANSWERS, (delivery_id,))
        answers = {(number, recorded_at): text for number, recorded_at, text in await cursor.fetchall()}
    return [replace(one, response_excerpt=answers.get((one.number, one.recorded_at))) for one in attempts]


_CLINIC: LiteralString = "select n.clinic_id from outbound_webhooks.endpoints as n where n.id = %s"
_EVENTS: LiteralString = (
    "select e.id from outbound_webhooks.events as e where e.clinic_id = %s and e.resource = %s and e.resource_id = %s"
)
_ATTEMPTS: LiteralString = (
    "select a.number, a.reason, a.outcome, a.error_class, a.http_status, a.started_at, a.duration_ms, a.recorded_at,"
    " a.note, a.content_type from outbound_webhooks.attempts as a where a.delivery_id = %s and a.recorded_at >= %s"
    " order by a.number desc, a.recorded_at desc limit %s"
)
_ANSWERS: LiteralString = (
    "select r.number, r.recorded_at, r.response_excerpt from outbound_webhooks.response_excerpts(%s) as r"
)

"""The ledger: changes that could not be captured, and making the events that were due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, LiteralString
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row
from pydantic import Field

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.platform import NOT_FOR_LONG
from dispatcher.admin.operations.transaction import of_visit
from dispatcher.admin.operations.where import where
from dispatcher.db import Pool


@dataclass(frozen=True)
class CaptureError:
    """A change that could not be captured; its write has committed."""

    capture_error_id: int
    source: Annotated[str, Field(description="The watched table, by the name of its event source.")]
    operation: Annotated[str, Field(description="INSERT or UPDATE.")]
    clinic_id: str | None
    resource_id: Annotated[str | None, Field(description="The key of the row.")]
    event_types: Annotated[list[str] | None, Field(description="What alone is due of it; null: what the rules say.")]
    error_code: Annotated[str, Field(description="SQLSTATE.")]
    message: str
    occurred_at: datetime
    request_id: str | None
    recaptured_at: Annotated[datetime | None, Field(description="Null: its events are still due.")]
    recaptured_as: Annotated[list[UUID] | None, Field(description="The events that were made of it.")]


@dataclass(frozen=True)
class StillFailing:
    """A change that still cannot be captured."""

    capture_error_id: int
    problem: str


@dataclass(frozen=True)
class Recaptured:
    """What came of recapturing."""

    recaptured: Annotated[int, Field(description="Changes.")]
    events: Annotated[int, Field(description="That were made of them; a clinic without an endpoint gets none.")]
    problems: list[StillFailing]
    left: Annotated[int, Field(description="Changes that are meant, and are open.")]
    next: Annotated[int | None, Field(description="`after` of the next request; null: all were looked at.")]


async def list_capture_errors(
    pool: Pool, visit: Visit, filters: Mapping[str, object], before: int | None, limit: int
) -> list[CaptureError]:
    """So many changes at most, the newest first.

    Args:
        filters: by `source`, `since`, `until` and `is_open`; None: whichever.
        before: those with a smaller id than this.
    """
    is_open = filters.get("is_open")
    chosen = {
        **filters,
        "clinic_id": visit.clinic_id,
        "before": before,
        "limit": limit,
        "open": True if is_open else None,
        "done": True if is_open is False else None,
    }
    async with of_visit(pool, visit) as connection:
        await connection.execute(NOT_FOR_LONG)
        async with connection.cursor(row_factory=class_row(CaptureError)) as cursor:
            await cursor.execute(_SELECT + where(_CONDITIONS, chosen) + " order by c.id desc limit %(limit)s", chosen)
            return await cursor.fetchall()


async def recapture(pool: Pool, visit: Visit, chosen: Mapping[str, object], *, dry_run: bool) -> Recaptured:
    """Make the events of so many changes that are due, the oldest first; or say how many there are.

    Args:
        chosen: `capture_error_id`, `source`, `since`, `until` (None: whichever), `after` (an id: those behind it) and
            `limit`.

    Raises:
        psycopg.errors.NoDataFound: there is no change of that id, or it is another clinic's.
    """
    chosen = {**chosen, "clinic_id": visit.clinic_id}
    async with of_visit(pool, visit) as connection:
        await connection.execute(NOT_FOR_LONG)
        await _require(connection, chosen)
        rows = []
        if not dry_run:
            rows = await (await connection.execute(_RECAPTURE, chosen)).fetchall()
        left = await _count(connection, chosen)
    failing = [StillFailing(number, problem) for number, _, problem in rows if problem is not None]
    return Recaptured(
        recaptured=len(rows) - len(failing),
        events=sum(events or 0 for _, events, _ in rows),
        problems=failing,
        left=left,
        next=rows[-1][0] if len(rows) == chosen["limit"] else None,
    )


async def _require(connection: AsyncConnection[TupleRow], chosen: Mapping[str, object]) -> None:
    """See that a change that is named is there; it may have been recaptured."""
    if chosen["capture_error_id"] is None:
        return
    named = {name: chosen[name] for name in ("capture_error_id", "clinic_id")}
    cursor = await connection.execute(_SELECT + where(_CONDITIONS, named), named)
    if await cursor.fetchone() is None:
        raise psycopg.errors.NoDataFound("there is no such change")


async def _count(connection: AsyncConnection[TupleRow], chosen: Mapping[str, object]) -> int:
    cursor = await connection.execute(_COUNT + where(_CONDITIONS, {**chosen, "open": True}), chosen)
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


_SELECT: LiteralString = (
    "select c.id as capture_error_id, c.source, c.operation, c.clinic_id, c.resource_id, c.event_types, c.error_code,"
    " c.message, c.occurred_at, c.request_id, c.recaptured_at, c.recaptured_as"
    " from outbound_webhooks.capture_errors as c"
)
_COUNT: LiteralString = "select count(*) from outbound_webhooks.capture_errors as c"
_CONDITIONS: Mapping[str, LiteralString] = {
    "capture_error_id": "c.id = %(capture_error_id)s",
    "clinic_id": "c.clinic_id = %(clinic_id)s",
    "source": "c.source = %(source)s",
    "since": "c.occurred_at >= %(since)s",
    "until": "c.occurred_at < %(until)s",
    "before": "c.id < %(before)s",
    "open": "c.recaptured_at is null",
    "done": "c.recaptured_at is not null",
}
_RECAPTURE: LiteralString = (
    "select r.id, cardinality(r.event_ids), r.problem from outbound_webhooks.recapture("
    "%(capture_error_id)s, %(since)s, %(until)s, %(after)s, %(limit)s, %(source)s, %(clinic_id)s) as r"
)

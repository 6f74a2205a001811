"""Why an endpoint got an event, or not, or not yet."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row
from pydantic import Field


@dataclass(frozen=True)
class Explanation:
    """A line of explain(); docs/explain.md has the codes."""

    code: Annotated[str, Field(description="For programs.")]
    words: Annotated[str, Field(description="For people.")]
    since: Annotated[datetime | None, Field(description="From when on it holds, where that is known.")]
    until: Annotated[datetime | None, Field(description="Until when.")]
    delivery_id: Annotated[int | None, Field(description="The delivery that it is about.")]


async def explain(connection: AsyncConnection[TupleRow], event_id: UUID, endpoint_id: int) -> list[Explanation]:
    """Why: the answer first, then what else is in the way, or worth knowing."""
    async with connection.cursor(row_factory=class_row(Explanation)) as cursor:
        await cursor.execute(_EXPLAIN, (event_id, endpoint_id))
        return await cursor.fetchall()


_EXPLAIN: LiteralString = (
    "select x.code, x.words, x.since, x.until, x.delivery_id from outbound_webhooks.explain(%s, %s) as x"
)

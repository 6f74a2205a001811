"""The catalogue of event types: what there is, and what each says."""

from dataclasses import dataclass
from typing import Annotated, Any, LiteralString

from psycopg.rows import class_row
from pydantic import Field

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.transaction import of_clinic
from dispatcher.db import Pool


@dataclass(frozen=True)
class EventType:
    """An event type, for those who receive it."""

    name: str
    description: str
    schema: Annotated[dict[str, Any], Field(description="JSON Schema (2020-12) of the whole body.")]
    example: Annotated[dict[str, Any], Field(description="A body: made up, but valid by the schema.")]


async def list_event_types(pool: Pool, visit: Visit) -> list[EventType]:
    """All of them, by name: the catalogue is the same for every clinic."""
    async with of_clinic(pool, visit) as connection, connection.cursor(row_factory=class_row(EventType)) as cursor:
        await cursor.execute(_LIST)
        return await cursor.fetchall()


async def list_type_names(pool: Pool, visit: Visit) -> list[str]:
    """Their names, in order."""
    async with of_clinic(pool, visit) as connection:
        cursor = await connection.execute("select t.name from outbound_webhooks.event_types as t order by t.name")
        return [name for (name,) in await cursor.fetchall()]


_LIST: LiteralString = (
    "select t.name, t.description, t.schema, t.example from outbound_webhooks.event_types as t order by t.name"
)

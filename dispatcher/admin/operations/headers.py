"""Headers that are added to the requests to an endpoint. What one holds is never shown again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row
from psycopg.types.json import Jsonb
from pydantic import Field

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.endpoint_rows import endpoint_of
from dispatcher.admin.operations.transaction import of_clinic
from dispatcher.db import Pool


@dataclass(frozen=True)
class Header:
    """A header of an endpoint, without what it holds."""

    name: str
    set_at: datetime
    sealed_with: Annotated[
        str | None, Field(description="The id of the master key that it is sealed with; null: it is not sealed yet.")
    ]


async def list_headers(pool: Pool, visit: Visit, endpoint_id: int) -> list[Header]:
    """The headers of an endpoint, by name.

    Raises:
        psycopg.errors.NoDataFound: there is no such endpoint, or it is another clinic's; so does set_headers.
    """
    async with of_clinic(pool, visit) as connection:
        await endpoint_of(connection, visit, endpoint_id)
        return await _headers_of(connection, endpoint_id)


async def set_headers(pool: Pool, visit: Visit, endpoint_id: int, headers: Mapping[str, str]) -> list[Header]:
    """Put these headers in the place of all that an endpoint has; none: remove them.

    Raises:
        psycopg.errors.ObjectNotInPrerequisiteState: the endpoint is retired.
    """
    async with of_clinic(pool, visit) as connection:
        await connection.execute("select outbound_webhooks.set_headers(%s, %s)", (endpoint_id, Jsonb(headers)))
        return await _headers_of(connection, endpoint_id)


async def _headers_of(connection: AsyncConnection[TupleRow], endpoint_id: int) -> list[Header]:
    async with connection.cursor(row_factory=class_row(Header)) as cursor:
        await cursor.execute(
            "select h.name, h.set_at, h.sealed_with from outbound_webhooks.list_headers(%s) as h order by h.name",
            (endpoint_id,),
        )
        return await cursor.fetchall()

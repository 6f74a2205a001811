"""Endpoints by name, where a page speaks of them, and what can be chosen from: without how they are doing."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.transaction import of_clinic
from dispatcher.db import Pool

MOST_ENDPOINTS = 100


@dataclass(frozen=True)
class EndpointName:
    """What an endpoint is called.

    Attributes:
        place: its URL up to the query, which may have a secret in it.
    """

    endpoint_id: int
    clinic_id: str
    description: str
    place: str
    state: str

    @property
    def label(self) -> str:
        """Its description, or else where it is."""
        return self.description or self.place


@dataclass(frozen=True)
class Choices:
    """What lists of events and deliveries can be filtered by.

    Attributes:
        endpoints: the newest first; none if there are more than MOST_ENDPOINTS.
        event_types: the names in the catalogue.
    """

    endpoints: list[EndpointName]
    event_types: list[str]


async def name_endpoints(pool: Pool, visit: Visit, endpoint_ids: Collection[int]) -> Mapping[int, EndpointName]:
    """Those of these endpoints that the request may see, by id."""
    if not endpoint_ids:
        return {}
    async with of_clinic(pool, visit) as connection:
        found = await _read(connection, _BY_ID, {"ids": list(endpoint_ids)})
    return {one.endpoint_id: one for one in found}


async def list_choices(pool: Pool, visit: Visit) -> Choices:
    """What there is to choose from."""
    async with of_clinic(pool, visit) as connection:
        found = await _read(connection, _NEWEST, {"clinic_id": visit.clinic_id, "limit": MOST_ENDPOINTS + 1})
        cursor = await connection.execute("select t.name from outbound_webhooks.event_types as t order by t.name")
        names = [name for (name,) in await cursor.fetchall()]
    return Choices(found if len(found) <= MOST_ENDPOINTS else [], names)


async def _read(
    connection: AsyncConnection[TupleRow], which: LiteralString, parameters: Mapping[str, object]
) -> list[EndpointName]:
    async with connection.cursor(row_factory=class_row(EndpointName)) as cursor:
        await cursor.execute(_SELECT + which, parameters)
        return await cursor.fetchall()


_SELECT: LiteralString = (
    "select n.id as endpoint_id, n.clinic_id, n.description, split_part(n.url, '?', 1) as place, n.state"
    " from outbound_webhooks.endpoints as n where "
)
_BY_ID: LiteralString = "n.id = any (%(ids)s::bigint[])"
_NEWEST: LiteralString = "%(clinic_id)s::text is null or n.clinic_id = %(clinic_id)s order by n.id desc limit %(limit)s"

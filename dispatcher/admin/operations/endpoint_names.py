"""Endpoints by name, where a page speaks of them, and what can be chosen from: without how they are doing."""

from collections.abc import Collection, Iterable, Mapping
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
    description: str
    place: str
    state: str

    @property
    def label(self) -> str:
        """Its description, or else where it is."""
        return self.description or self.place


async def name_endpoints(
    pool: Pool, visit: Visit, endpoint_ids: Collection[int], known: Iterable[EndpointName] = ()
) -> Mapping[int, EndpointName]:
    """Those of these endpoints that the request may see, by id.

    Args:
        known: some that were read already.
    """
    names = {one.endpoint_id: one for one in known}
    unknown = set(endpoint_ids) - names.keys()
    if unknown:
        async with of_clinic(pool, visit) as connection:
            found = await _read(connection, _BY_ID, {"ids": list(unknown)})
        names |= {one.endpoint_id: one for one in found}
    return names


async def list_endpoint_names(pool: Pool, visit: Visit) -> list[EndpointName]:
    """Those that can be chosen from, the newest first; none if there are more than MOST_ENDPOINTS."""
    async with of_clinic(pool, visit) as connection:
        found = await _read(connection, _NEWEST, {"clinic_id": visit.clinic_id, "limit": MOST_ENDPOINTS + 1})
    return found if len(found) <= MOST_ENDPOINTS else []


async def _read(
    connection: AsyncConnection[TupleRow], which: LiteralString, parameters: Mapping[str, object]
) -> list[EndpointName]:
    async with connection.cursor(row_factory=class_row(EndpointName)) as cursor:
        await cursor.execute(_SELECT + which, parameters)
        return await cursor.fetchall()


_SELECT: LiteralString = (
    "select n.id as endpoint_id, n.description, split_part(n.url, '?', 1) as place, n.state"
    " from outbound_webhooks.endpoints as n where "
)
_BY_ID: LiteralString = "n.id = any (%(ids)s::bigint[])"
_NEWEST: LiteralString = "%(clinic_id)s::text is null or n.clinic_id = %(clinic_id)s order by n.id desc limit %(limit)s"

"""Endpoints: finding, making and changing them, and stopping what is sent to them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.endpoint_rows import (
    CreatedEndpoint,
    Endpoint,
    State,
    endpoint_of,
    endpoints_of,
)
from dispatcher.admin.operations.transaction import of_clinic
from dispatcher.db import Pool


async def list_endpoints(
    pool: Pool,
    visit: Visit,
    state: State | Literal["failing"] | None,
    text: str | None,
    before: int | None,
    limit: int,
) -> list[Endpoint]:
    """Endpoints, newest first.

    Args:
        state: only those in it; failing: active ones whose last attempt failed, or whose breaker is not closed; None:
            all that are not retired.
        text: only those that have it in their description, or in their URL up to its query, whatever the case.
        before: only those that are older than this one.
    """
    chosen = {"clinic_id": visit.clinic_id, "state": state, "text": text, "before": before, "limit": limit}
    async with of_clinic(pool, visit) as connection:
        cursor = await connection.execute(_CHOOSE, chosen)
        return await endpoints_of(connection, visit, [row[0] for row in await cursor.fetchall()])


async def find_endpoint(pool: Pool, visit: Visit, endpoint_id: int) -> Endpoint:
    """An endpoint, also one that is retired.

    Raises:
        psycopg.errors.NoDataFound: there is none, or it is another clinic's; so do all functions below.
    """
    async with of_clinic(pool, visit) as connection:
        return await endpoint_of(connection, visit, endpoint_id)


async def create_endpoint(pool: Pool, visit: Visit, clinic_id: str, options: Mapping[str, Any]) -> CreatedEndpoint:
    """Make an endpoint of the request's clinic.

    Raises: as insert_endpoint.
    """
    async with of_clinic(pool, visit) as connection:
        endpoint_id, secret = await insert_endpoint(connection, clinic_id, options)
        found = await endpoint_of(connection, visit, endpoint_id)
    return CreatedEndpoint(**{**asdict(found), "status": found.status}, secret=secret)


async def insert_endpoint(
    connection: AsyncConnection[TupleRow], clinic_id: str, options: Mapping[str, Any]
) -> tuple[int, str]:
    """Make an endpoint in a transaction; returns its id, and its signing key.

    Args:
        options: the other parameters of the SQL function create_endpoint, without p_.

    Raises:
        psycopg.errors.ProgramLimitExceeded: the clinic has as many as it may have.
        psycopg.errors.InvalidParameterValue: the URL may not be one.
    """
    given = {**options, "filter": _json(options["filter"]), "headers": _json(options["headers"])}
    cursor = await connection.execute(_CREATE, {**given, "clinic_id": clinic_id})
    row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1]


class IsRedirected(Exception):
    """Headers that who asks may not know would be sent to another URL; nothing was changed."""


async def change_endpoint(
    pool: Pool, visit: Visit, endpoint_id: int, changes: Mapping[str, Any], may_redirect: bool
) -> Endpoint:
    """Change options of an endpoint.

    Args:
        changes: as the SQL function change_endpoint takes them.
        may_redirect: whether an endpoint with headers of its own may get another URL.

    Raises:
        psycopg.errors.ObjectNotInPrerequisiteState: it is retired.
        psycopg.errors.InvalidParameterValue: the URL may not be one.
        IsRedirected: it has headers, and may_redirect is false.
    """
    async with of_clinic(pool, visit) as connection:
        is_redirect = (
            not may_redirect and "url" in changes and await _is_another(connection, endpoint_id, changes["url"])
        )
        await connection.execute(_CHANGE, (endpoint_id, Jsonb(changes)))
        if is_redirect:
            cursor = await connection.execute(
                "select h.name from outbound_webhooks.list_headers(%s) as h", (endpoint_id,)
            )
            if await cursor.fetchone() is not None:
                raise IsRedirected  # which rolls back
        return await endpoint_of(connection, visit, endpoint_id)


async def _is_another(connection: AsyncConnection[TupleRow], endpoint_id: int, url: str) -> bool:
    """Whether an endpoint has another URL than this one; locks it, so that this and its headers stay as they are."""
    await connection.execute(_CHANGE, (endpoint_id, Jsonb({})))
    cursor = await connection.execute(
        "select e.url from outbound_webhooks.endpoints as e where e.id = %s", (endpoint_id,)
    )
    return await cursor.fetchone() != (url,)


async def pause_endpoint(pool: Pool, visit: Visit, endpoint_id: int, reason: str | None) -> Endpoint:
    """Send nothing more to an endpoint, and keep what is due to it.

    Raises:
        psycopg.errors.ObjectNotInPrerequisiteState: it is disabled, or retired.
    """
    async with of_clinic(pool, visit) as connection:
        await connection.execute("select outbound_webhooks.pause_endpoint(%s, %s)", (endpoint_id, reason))
        return await endpoint_of(connection, visit, endpoint_id)


async def resume_endpoint(pool: Pool, visit: Visit, endpoint_id: int, drain_rate: int | None) -> Endpoint:
    """Send again to an endpoint; of what was kept, `drain_rate` deliveries a second (None: as before).

    Raises:
        psycopg.errors.ObjectNotInPrerequisiteState: it is retired.
    """
    async with of_clinic(pool, visit) as connection:
        await connection.execute("select outbound_webhooks.resume_endpoint(%s, %s)", (endpoint_id, drain_rate))
        return await endpoint_of(connection, visit, endpoint_id)


async def retire_endpoint(pool: Pool, visit: Visit, endpoint_id: int, reason: str | None) -> None:
    """Retire an endpoint for good.

    Raises:
        psycopg.errors.ObjectNotInPrerequisiteState: it is retired.
    """
    async with of_clinic(pool, visit) as connection:
        await connection.execute("select outbound_webhooks.retire_endpoint(%s, %s)", (endpoint_id, reason))


def _json(value: Mapping[str, Any] | None) -> Jsonb | None:
    return None if value is None else Jsonb(value)


_CHANGE: LiteralString = "select outbound_webhooks.change_endpoint(%s, %s)"

_CREATE: LiteralString = """
select c.endpoint_id, c.secret
from outbound_webhooks.create_endpoint(
    p_clinic_id => %(clinic_id)s, p_url => %(url)s, p_event_types => %(event_types)s, p_filter => %(filter)s,
    p_secret => %(secret)s, p_description => %(description)s, p_ordering => %(ordering)s,
    p_max_in_flight => %(max_in_flight)s, p_timeout_seconds => %(timeout_seconds)s,
    p_retry_schedule => %(retry_schedule)s, p_requests_per_second => %(requests_per_second)s,
    p_headers => %(headers)s
) as c
"""

_CHOOSE: LiteralString = """
select e.id
from outbound_webhooks.endpoints as e
where (%(clinic_id)s::text is null or e.clinic_id = %(clinic_id)s)
    and case
        when %(state)s::text is null then e.state <> 'retired'
        when %(state)s = 'failing' then e.state = 'active' and exists (
            select from outbound_webhooks.endpoint_flow as f
            where f.endpoint_id = e.id
                and (f.failures > 0 or f.breaker <> 'closed')
        )
        else e.state = %(state)s
    end
    and (
        %(text)s::text is null
        or strpos(lower(e.description), lower(%(text)s)) > 0
        or strpos(lower(split_part(e.url, '?', 1)), lower(%(text)s)) > 0
    )
    and (%(before)s::bigint is null or e.id < %(before)s)
order by e.id desc
limit %(limit)s
"""

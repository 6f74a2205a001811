"""Endpoints as they are shown, and reading them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Any, Literal, LiteralString

from psycopg import AsyncConnection
from psycopg.errors import NoDataFound
from psycopg.rows import TupleRow, dict_row
from pydantic import Field

from dispatcher.admin.deps import Visit

State = Literal["active", "paused", "disabled", "retired"]
Ordering = Literal["none", "per_resource"]


@dataclass(frozen=True)
class EndpointStatus:
    """How an endpoint is doing now, as the view stat_endpoints has it."""

    breaker: Annotated[
        Literal["closed", "open", "half_open"],
        Field(
            description="The circuit breaker. closed: all is well. open: nothing is sent until probe_at. half_open: one"
            " delivery is on its way to see."
        ),
    ]
    breaker_changed_at: datetime
    probe_at: Annotated[
        datetime | None, Field(description="When the next delivery goes to see; null while the breaker is closed.")
    ]
    held_until: Annotated[
        datetime | None, Field(description="Nothing is sent before: its Retry-After, or a trouble of our own.")
    ]
    failures: Annotated[int, Field(description="Failed attempts in a row.")]
    failing_since: datetime | None
    failed_at: datetime | None
    failed_with: Annotated[
        str | None, Field(description="The error class, and the status if there was an answer: http_status 503.")
    ]
    succeeded_at: datetime | None
    in_flight: Annotated[int, Field(description="Requests on their way.")]
    allowed_in_flight: Annotated[
        int, Field(description="How many may be: below max_in_flight after it asked for less.")
    ]
    pending: Annotated[int, Field(description="Deliveries that wait; none of those in flight or parked.")]
    due: Annotated[int, Field(description="Those of them whose time has come.")]
    oldest_due_seconds: Annotated[
        float, Field(description="How long ago the time of the first of these came; 0: none is due.")
    ]
    parked: Annotated[int, Field(description="Deliveries that are kept while nothing is sent.")]
    oldest_parked: datetime | None
    attempts: Annotated[
        int, Field(description="Attempts of this hour, by the clock of UTC, and the one before; so are the next two.")
    ]
    success_rate: Annotated[
        float | None, Field(description="The share that succeeded, among those whose answer is known; from 0 to 1.")
    ]
    request_p95_ms: Annotated[
        int | None, Field(description="How long 95 % of the requests took at most, estimated from buckets.")
    ]


@dataclass(frozen=True)
class Endpoint:
    """A receiver of a clinic; neither its signing keys nor what its headers hold."""

    endpoint_id: int
    clinic_id: str
    url: Annotated[
        str, Field(description="Who may not know the secrets of receivers is shown its query as `?[redacted]`.")
    ]
    description: str
    event_types: Annotated[
        list[str], Field(description="Patterns: payment_transaction.created, payment_transaction.* or *.")
    ]
    filter: Annotated[
        dict[str, Any] | None, Field(description="Only events whose data contain this object are delivered.")
    ]
    state: Annotated[
        State, Field(description="active; paused by hand; disabled by us, with a reason; retired for good.")
    ]
    state_reason: str | None
    state_changed_at: datetime
    ordering: Annotated[
        Ordering, Field(description="none, or per_resource: events about one payment arrive in commit order.")
    ]
    max_in_flight: Annotated[int, Field(description="Requests at once.")]
    requests_per_second: Annotated[int | None, Field(description="null: no limit.")]
    timeout_seconds: Annotated[int, Field(description="From connecting to the last byte of the answer.")]
    retry_schedule: Annotated[
        list[int] | None, Field(description="Seconds before each attempt; null: the default, 79 hours in all.")
    ]
    created_at: datetime
    status: Annotated[EndpointStatus | None, Field(description="How it is doing now; null if it is retired.")]


@dataclass(frozen=True, kw_only=True)
class CreatedEndpoint(Endpoint):
    """An endpoint that was made just now."""

    secret: Annotated[
        str | None,
        Field(
            description="Its signing key, which is shown this once; null to who may not know it: an owner rotates it."
        ),
    ]


async def endpoint_of(connection: AsyncConnection[TupleRow], visit: Visit, endpoint_id: int) -> Endpoint:
    """An endpoint of the request's clinic, also one that is retired.

    Raises:
        NoDataFound: there is none, or it is another clinic's.
    """
    found = await endpoints_of(connection, visit, [endpoint_id])
    if not found:
        raise NoDataFound("there is no such endpoint")
    return found[0]


async def endpoints_of(
    connection: AsyncConnection[TupleRow], visit: Visit, endpoint_ids: Sequence[int]
) -> list[Endpoint]:
    """Those of these endpoints that are of the request's clinic, newest first."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(SHOW, {"clinic_id": visit.clinic_id, "endpoint_ids": list(endpoint_ids)})
        return [_endpoint(row) for row in await cursor.fetchall()]


def _endpoint(row: Mapping[str, Any]) -> Endpoint:
    status = None
    if row["breaker"] is not None:
        status = EndpointStatus(**{field.name: row[field.name] for field in fields(EndpointStatus)})
    own = {field.name: row[field.name] for field in fields(Endpoint) if field.name != "status"}
    return Endpoint(**own, status=status)


# offset 0 keeps the view by itself: it is planned for one endpoint, whose deliveries it counts by their indexes. Merged
# into the statement it would count those of all endpoints, to pick out these few.
SHOW: LiteralString = """
select
    e.id as endpoint_id, e.clinic_id, e.url, e.description, e.event_types, e.filter, e.state, e.state_reason,
    e.state_changed_at, e.ordering, e.max_in_flight, e.requests_per_second, e.timeout_seconds, e.retry_schedule,
    e.created_at, s.breaker, s.breaker_changed_at, s.probe_at, s.held_until, s.failures, s.failing_since, s.failed_at,
    s.failed_with, s.succeeded_at, s.in_flight, s.allowed_in_flight, s.pending, s.due, s.oldest_due_seconds, s.parked,
    s.oldest_parked, s.attempts, s.success_rate::double precision, s.request_p95_ms
from outbound_webhooks.endpoints as e
left join lateral (
    select t.* from outbound_webhooks.stat_endpoints as t where t.endpoint_id = e.id offset 0
) as s on true
where e.id = any (%(endpoint_ids)s::bigint[])
    and (%(clinic_id)s::text is null or e.clinic_id = %(clinic_id)s)
order by e.id desc
"""

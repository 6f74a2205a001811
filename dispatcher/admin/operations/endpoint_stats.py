"""How an endpoint is doing, and did, hour by hour."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, LiteralString

from psycopg.rows import class_row
from pydantic import Field

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.endpoint_rows import EndpointStatus, endpoint_of
from dispatcher.admin.operations.transaction import of_clinic
from dispatcher.db import Pool


@dataclass(frozen=True)
class EndpointHour:
    """An hour of an endpoint, as the view endpoint_statistics has it; percentiles are estimated from buckets."""

    hour: Annotated[datetime, Field(description="When it begins, by the clock of UTC.")]
    attempts: Annotated[int, Field(description="Requests that were recorded in it: of the next three kinds.")]
    succeeded: int
    failed: int
    lost: Annotated[int, Field(description="Those whose answer is not known.")]
    success_rate: Annotated[
        float | None, Field(description="The share that succeeded, among those whose answer is known; from 0 to 1.")
    ]
    delivered: Annotated[int, Field(description="Deliveries that succeeded in it.")]
    dead: int
    cancelled: int
    request_p50_ms: Annotated[int | None, Field(description="How long half of the requests took at most.")]
    request_p95_ms: int | None
    request_p99_ms: int | None
    delivery_p50_ms: Annotated[
        int | None, Field(description="The same from the event to the recorded answer, all retries included.")
    ]
    delivery_p95_ms: int | None
    delivery_p99_ms: int | None


@dataclass(frozen=True)
class EndpointStats:
    """How an endpoint is doing now, and in past hours, newest first; an hour without attempts is left out."""

    endpoint_id: int
    status: Annotated[EndpointStatus | None, Field(description="How it is doing now; null if it is retired.")]
    hours: list[EndpointHour]


async def find_stats(pool: Pool, visit: Visit, endpoint_id: int, since: datetime, until: datetime) -> EndpointStats:
    """What became of an endpoint's attempts and deliveries in the hours that begin from `since` on, before `until`.

    Raises:
        psycopg.errors.NoDataFound: there is no such endpoint, or it is another clinic's.
    """
    async with of_clinic(pool, visit) as connection:
        endpoint = await endpoint_of(connection, visit, endpoint_id)
        async with connection.cursor(row_factory=class_row(EndpointHour)) as cursor:
            await cursor.execute(_HOURS, {"endpoint_id": endpoint_id, "since": since, "until": until})
            hours = await cursor.fetchall()
    return EndpointStats(endpoint_id, endpoint.status, hours)


_HOURS: LiteralString = """
select
    h.hour, h.attempts, h.succeeded, h.failed, h.lost, h.success_rate::double precision, h.delivered, h.dead,
    h.cancelled, h.request_p50_ms, h.request_p95_ms, h.request_p99_ms, h.delivery_p50_ms, h.delivery_p95_ms,
    h.delivery_p99_ms
from outbound_webhooks.endpoint_statistics as h
where h.endpoint_id = %(endpoint_id)s
    and h.hour >= %(since)s
    and h.hour < %(until)s
order by h.hour desc
"""

"""What the requests for a delivery are made of, but for what must not be shown: keys, and what its headers hold."""

from dataclasses import dataclass
from typing import LiteralString

from psycopg.rows import class_row

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.delivery_rows import Delivery
from dispatcher.admin.operations.transaction import of_clinic
from dispatcher.db import Pool


@dataclass(frozen=True)
class SentRequest:
    """A request as it would be sent now: the URL and the headers of the endpoint may have been others before.

    Attributes:
        description: the endpoint's.
        header_names: of those that the clinic adds, in lower case.
        body: None: the event is gone; so are the next two then, and where its transaction did not say them.
    """

    url: str
    description: str
    header_names: list[str]
    body: str | None
    traceparent: str | None
    request_id: str | None


async def find_request(pool: Pool, visit: Visit, delivery: Delivery) -> SentRequest:
    """The request of a delivery of the visit's clinic."""
    async with of_clinic(pool, visit) as connection, connection.cursor(row_factory=class_row(SentRequest)) as cursor:
        await cursor.execute(_SELECT, {"event_id": delivery.event_id, "endpoint_id": delivery.endpoint_id})
        found = await cursor.fetchone()
    assert found is not None  # an endpoint stays on record
    return found


_SELECT: LiteralString = """
select
    n.url, n.description,
    array(select h.name from outbound_webhooks.list_headers(n.id) as h order by h.name) as header_names,
    e.body, e.traceparent, e.request_id
from outbound_webhooks.endpoints as n
left join outbound_webhooks.events as e on e.id = %(event_id)s
where n.id = %(endpoint_id)s
"""

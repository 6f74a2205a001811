"""deliveries: what became of each event at each endpoint, and sending one again or giving it up."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import Field

from dispatcher.admin.api.answers import Next, answer, number_in_path
from dispatcher.admin.api.choices import DeliveryQuery, require_clinic
from dispatcher.admin.bodies import Body, read_body
from dispatcher.admin.cursors import write_cursor
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import deliveries
from dispatcher.admin.operations.deliveries import DeliveryDetails, Retried
from dispatcher.admin.operations.delivery_rows import Choice, Delivery
from dispatcher.admin.queries import read_query
from dispatcher.admin.routes import API, Route, number


@dataclass(frozen=True)
class Deliveries:
    """Deliveries, the newest events first.

    There may be fewer of them than asked for, and none, while `next` says that the list goes on: no request looks at
    more rows than it can look at in a moment.
    """

    deliveries: list[Delivery]
    next: Next


class Cancelling(Body):
    """Why a delivery is given up."""

    reason: Annotated[str, Field(min_length=1, max_length=500, description="Stays with the delivery.")] = (
        "cancelled by hand"
    )


async def list_deliveries(request: web.Request) -> web.Response:
    """Those that are asked for."""
    query, visit = read_query(request, DeliveryQuery), request[VISIT]
    require_clinic(query, visit.clinic_id, query.endpoint_id)
    after = query.after(UUID, int)
    choice = Choice(visit.clinic_id, **query.model_dump(exclude={"limit", "cursor"}))
    found = await deliveries.list_deliveries(request.app[DEPS].pool, visit, choice, query.limit, after)
    return answer(Deliveries(found.rows, write_cursor(*found.next) if found.next else None))


async def show_delivery(request: web.Request) -> web.Response:
    """One, with its attempts and what is in its way."""
    visit = request[VISIT]
    found = await deliveries.find_delivery(
        request.app[DEPS].pool,
        visit,
        number_in_path(request, "id"),
        may_read_answers=visit.may("attempt.read_answer"),
    )
    return answer(found)


async def retry_delivery(request: web.Request) -> web.Response:
    """Send it again: the same webhook-id and body."""
    return answer(
        await deliveries.retry_delivery(request.app[DEPS].pool, request[VISIT], number_in_path(request, "id"))
    )


async def cancel_delivery(request: web.Request) -> web.Response:
    """Give it up."""
    body = await read_body(request, Cancelling)
    await deliveries.cancel_delivery(request.app[DEPS].pool, request[VISIT], number_in_path(request, "id"), body.reason)
    return web.Response(status=204)


_ALL = f"{API}/deliveries"
_ONE = f"{_ALL}/{number('id')}"

ROUTES = (
    Route(
        "GET",
        _ALL,
        "delivery.read",
        RateClass.READ,
        list_deliveries,
        "List deliveries, the newest events first",
        answer=Deliveries,
        query=DeliveryQuery,
    ),
    Route(
        "GET",
        _ONE,
        "delivery.read",
        RateClass.READ,
        show_delivery,
        "Show a delivery with its attempts, and what is in its way",
        answer=DeliveryDetails,
    ),
    Route(
        "POST",
        f"{_ONE}/retry",
        "delivery.retry",
        RateClass.WRITE,
        retry_delivery,
        "Send a delivery again, now, with the same webhook-id and body",
        answer=Retried,
        problems=("conflict",),
    ),
    Route(
        "POST",
        f"{_ONE}/cancel",
        "delivery.cancel",
        RateClass.WRITE,
        cancel_delivery,
        "Give up a delivery that waits or is parked",
        body=Cancelling,
        problems=("conflict",),
    ),
)

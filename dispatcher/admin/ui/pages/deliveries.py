"""Deliveries: the list of them, by what they are filtered, and what can be done with all that the filter chooses."""

from datetime import datetime
from typing import Any
from uuid import UUID

from aiohttp import web

from dispatcher.admin.cursors import write_cursor
from dispatcher.admin.deps import DEPS, VISIT, Visit, now_of
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations.deliveries import list_deliveries
from dispatcher.admin.operations.delivery_rows import Choice, Delivery
from dispatcher.admin.operations.endpoint_names import list_endpoint_names, name_endpoints
from dispatcher.admin.operations.event_types import list_type_names
from dispatcher.admin.operations.pages import Page
from dispatcher.admin.routes import Route
from dispatcher.admin.ui.filters import DeliveryFilters, is_filtered, patterns, read_delivery_filters
from dispatcher.admin.ui.frame import page
from dispatcher.admin.ui.urls import HTML, UI

DELIVERIES = f"{UI}/deliveries"

NOTHING: Page[Delivery] = Page([], None)
# What is sent again by its state, and what is given up: no filter, or one of these.
_SENT_AGAIN = {None: "dead", "dead": "dead", "cancelled": "cancelled", "succeeded": "succeeded"}
_GIVEN_UP = {None: "", "pending": "pending", "parked": "parked"}


async def show_deliveries(request: web.Request) -> web.Response:
    """Those that the filter chooses; nothing, where it cannot be meant."""
    filters, wrong = read_delivery_filters(request)
    deps, visit, now = request.app[DEPS], request[VISIT], now_of(request)
    found = NOTHING
    if not wrong:
        choice = chosen(visit, filters, now)
        found = await list_deliveries(deps.pool, visit, choice, filters.limit, filters.after(UUID, int))
    endpoints = await list_endpoint_names(deps.pool, visit)
    return page(
        request,
        "deliveries/list.html",
        422 if wrong else 200,
        errors=wrong,
        filters=filters,
        endpoints=endpoints,
        types=patterns(await list_type_names(deps.pool, visit), filters.type),
        deliveries=found.rows,
        names=await name_endpoints(deps.pool, visit, {one.endpoint_id for one in found.rows}, endpoints),
        next=write_cursor(*found.next) if found.next else None,
        looked_at_some=found.next is not None and len(found.rows) < filters.limit,
        is_filtered=is_filtered(request),
        **({} if wrong else in_bulk(visit, filters, now)),
    )


def chosen(visit: Visit, filters: DeliveryFilters, now: datetime) -> Choice:
    """The deliveries that are meant."""
    return Choice(
        visit.clinic_id,
        endpoint_id=filters.endpoint_id,
        state=filters.state,
        type=filters.type,
        resource=filters.resource,
        resource_id=filters.resource_id,
        since=filters.from_time(now),
        until=filters.until,
        error_class=filters.error_class,
    )


def in_bulk(visit: Visit, filters: DeliveryFilters, now: datetime) -> dict[str, Any]:
    """What can be done with all that the filter chooses, and the fields that say the same to the page that counts.

    A replay knows every filter, but the state of what is live; a cancellation all but the error.
    """
    since = filters.from_time(now)
    fields = {
        **filters.model_dump(include={"endpoint_id", "type", "resource", "resource_id", "error_class"}),
        "since": since and since.isoformat(),
        "until": filters.until and filters.until.isoformat(),
    }
    # At all clinics, somebody has to say what they mean.
    is_bounded = visit.clinic_id is not None or any(fields.values())
    knows_error = filters.error_class is not None
    return {
        "fields": {name: value for name, value in fields.items() if value is not None},
        "is_bounded": is_bounded,
        "sent_again": _SENT_AGAIN.get(filters.state) if is_bounded else None,
        "given_up": _GIVEN_UP.get(filters.state) if is_bounded and not knows_error else None,
    }


ROUTES = (Route("GET", DELIVERIES, "delivery.read", RateClass.READ, show_deliveries, media=HTML),)

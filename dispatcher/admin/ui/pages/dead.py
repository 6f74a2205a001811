"""Dead deliveries: where and why they died, and all of them since a time again."""

from uuid import UUID

from aiohttp import web

from dispatcher.admin.cursors import write_cursor
from dispatcher.admin.deps import DEPS, VISIT, now_of
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations.dead import MOST_COUNTED, Dead, group_dead
from dispatcher.admin.operations.deliveries import list_deliveries
from dispatcher.admin.operations.delivery_rows import Choice
from dispatcher.admin.operations.endpoint_names import list_endpoint_names, name_endpoints
from dispatcher.admin.routes import Route
from dispatcher.admin.ui.filters import is_filtered, read_delivery_filters
from dispatcher.admin.ui.frame import page
from dispatcher.admin.ui.pages.deliveries import NOTHING
from dispatcher.admin.ui.urls import HTML, UI


async def show_dead(request: web.Request) -> web.Response:
    """By endpoint and reason, and one by one; by endpoint and time they are filtered, which is what indexes know."""
    filters, wrong = read_delivery_filters(request)
    deps, visit, now = request.app[DEPS], request[VISIT], now_of(request)
    dead, found, since = Dead([], is_all=True), NOTHING, filters.from_time(now)
    if not wrong:
        dead = await group_dead(deps.pool, visit, filters.endpoint_id, since, filters.until)
        choice = Choice(
            visit.clinic_id, endpoint_id=filters.endpoint_id, state="dead", since=since, until=filters.until
        )
        found = await list_deliveries(deps.pool, visit, choice, filters.limit, filters.after(UUID, int))
    concerned = {one.endpoint_id for one in dead.groups} | {one.endpoint_id for one in found.rows}
    endpoints = await list_endpoint_names(deps.pool, visit)
    return page(
        request,
        "deliveries/dead.html",
        422 if wrong else 200,
        errors=wrong,
        filters=filters,
        endpoints=endpoints,
        groups=dead.groups,
        is_all=dead.is_all,
        most_counted=MOST_COUNTED,
        deliveries=found.rows,
        names=await name_endpoints(deps.pool, visit, concerned, endpoints),
        next=write_cursor(*found.next) if found.next else None,
        is_filtered=is_filtered(request),
    )


ROUTES = (Route("GET", f"{UI}/dead", "delivery.read", RateClass.READ, show_dead, media=HTML),)

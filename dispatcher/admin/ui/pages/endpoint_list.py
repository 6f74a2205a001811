"""Endpoints: all of them, each with its last 24 hours."""

from typing import Literal

from aiohttp import web

from dispatcher.admin.cursors import cut
from dispatcher.admin.deps import DEPS, VISIT, now_of
from dispatcher.admin.endpoints import shown
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations.endpoint_rows import Endpoint, State
from dispatcher.admin.operations.endpoints import list_endpoints
from dispatcher.admin.operations.hours import find_days
from dispatcher.admin.queries import Page
from dispatcher.admin.routes import Route
from dispatcher.admin.ui import charts
from dispatcher.admin.ui.endpoint_pages import ENDPOINTS
from dispatcher.admin.ui.forms import read_filters
from dispatcher.admin.ui.frame import page
from dispatcher.admin.ui.urls import HTML
from dispatcher.admin.values import Text


class EndpointFilters(Page):
    """Which endpoints; failing ones are active."""

    state: State | Literal["failing"] | None = None
    text: Text | None = None


async def endpoints_page(request: web.Request) -> web.Response:
    """The endpoints, newest first; nothing, where the filter cannot be meant. Hours are read of what is shown alone."""
    pool, visit = request.app[DEPS].pool, request[VISIT]
    now = now_of(request)
    filters, wrong = read_filters(request, EndpointFilters)
    (before,) = filters.after(int) or (None,)
    found: list[Endpoint] = []
    if not wrong:
        found = await list_endpoints(pool, visit, filters.state, filters.text, before, filters.limit + 1)
    rows, following = cut(found, filters.limit, lambda endpoint: endpoint.endpoint_id)
    return page(
        request,
        "endpoints/list.html",
        422 if wrong else 200,
        endpoints=[shown(endpoint, visit) for endpoint in rows],
        days=await find_days(pool, visit, [endpoint.endpoint_id for endpoint in rows], now) if rows else {},
        next=following,
        filters=filters,
        errors=wrong,
        charts=charts,
    )


ROUTES = (Route("GET", ENDPOINTS, "endpoint.read", RateClass.READ, endpoints_page, media=HTML),)

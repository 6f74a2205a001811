"""endpoints/{id}, deliveries: how one is doing and what to do about it, and what it was sent."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

from aiohttp import web

from dispatcher.admin.cursors import write_cursor
from dispatcher.admin.deps import DEPS, VISIT, now_of
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations.deliveries import list_deliveries
from dispatcher.admin.operations.delivery_rows import Choice
from dispatcher.admin.operations.event_types import list_type_names
from dispatcher.admin.operations.hours import day_of, list_hours
from dispatcher.admin.routes import Route
from dispatcher.admin.ui import charts
from dispatcher.admin.ui.endpoint_pages import ENDPOINT, endpoint_of, endpoint_page
from dispatcher.admin.ui.filters import patterns, read_delivery_filters
from dispatcher.admin.ui.forms import Form
from dispatcher.admin.ui.pages.deliveries import NOTHING, chosen
from dispatcher.admin.ui.situations import last_failure, situations
from dispatcher.admin.ui.urls import HTML
from dispatcher.admin.ui.wording.advice import advice

MOST_TROUBLED, MOST_RECENT = 5, 10


async def show_overview(request: web.Request) -> web.Response:
    """How it is doing."""
    return await overview(request)


async def overview(
    request: web.Request, form: Form | None = None, errors: dict[str, str] | None = None
) -> web.Response:
    """The page of how it is doing; with what was typed into a form of it, and what is wrong with that."""
    pool, visit, now = request.app[DEPS].pool, request[VISIT], now_of(request)
    endpoint = await endpoint_of(request)
    hours = await list_hours(pool, visit, now, endpoint.endpoint_id)
    own = Choice(visit.clinic_id, endpoint_id=endpoint.endpoint_id)
    failure = last_failure(endpoint.status)
    # While it fails: what fails as the last one did, also what is tried again. Else: what was given up.
    is_failing = failure is not None and endpoint.status is not None and endpoint.status.failures > 0
    trouble = {"error_class": failure.error_class} if failure and is_failing else {"state": "dead"}
    context: dict[str, Any] = {
        "form": form or Form(),
        "errors": errors or {},
        "charts": charts,
        "hours": hours,
        "day": day_of(hours),
        "situations": situations(endpoint, now),
        "failure": failure,
        "advice": advice(failure.error_class, failure.http_status) if failure else None,
        "trouble": trouble,
        "troubled": (await list_deliveries(pool, visit, replace(own, **trouble), MOST_TROUBLED, None)).rows,
        "recent": (await list_deliveries(pool, visit, own, MOST_RECENT, None)).rows,
        "filter_text": None if endpoint.filter is None else json.dumps(endpoint.filter, ensure_ascii=False),
    }
    return endpoint_page(request, "overview", endpoint, 422 if errors else 200, **context)


async def show_deliveries(request: web.Request) -> web.Response:
    """What it was sent, or is to be sent, by what it is filtered."""
    pool, visit = request.app[DEPS].pool, request[VISIT]
    endpoint = await endpoint_of(request)
    filters, wrong = read_delivery_filters(request, endpoint.endpoint_id)
    found = NOTHING
    if not wrong:
        choice = replace(chosen(visit, filters, now_of(request)), endpoint_id=endpoint.endpoint_id)
        found = await list_deliveries(pool, visit, choice, filters.limit, filters.after(UUID, int))
    context: dict[str, Any] = {
        "filters": filters,
        "errors": wrong,
        "types": patterns(await list_type_names(pool, visit), filters.type),
        "deliveries": found.rows,
        "next": write_cursor(*found.next) if found.next else None,
        "looked_at_some": found.next is not None and len(found.rows) < filters.limit,
    }
    return endpoint_page(request, "deliveries", endpoint, 422 if wrong else 200, **context)


ROUTES = (
    Route("GET", ENDPOINT, "endpoint.read", RateClass.READ, show_overview, media=HTML),
    Route("GET", f"{ENDPOINT}/deliveries", "delivery.read", RateClass.READ, show_deliveries, media=HTML),
)

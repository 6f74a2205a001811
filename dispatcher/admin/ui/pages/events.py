"""Events: the list of them, and one with its body, who got it, and why each endpoint did or did not."""

from uuid import UUID

from aiohttp import web

from dispatcher.admin.api.answers import uuid_in_path
from dispatcher.admin.cursors import write_cursor
from dispatcher.admin.deps import DEPS, VISIT, now_of
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations.endpoint_names import name_endpoints
from dispatcher.admin.operations.event_types import list_type_names
from dispatcher.admin.operations.events import Event, EventChoice, find_body, find_event, list_events
from dispatcher.admin.operations.pages import Page
from dispatcher.admin.queries import CLINIC
from dispatcher.admin.routes import Route, uuid
from dispatcher.admin.ui.bodies import as_file, shown
from dispatcher.admin.ui.filters import is_filtered, patterns, read_event_filters
from dispatcher.admin.ui.frame import page
from dispatcher.admin.ui.urls import HTML, UI

EVENTS = f"{UI}/events"

_NOTHING: Page[Event] = Page([], None)


async def show_events(request: web.Request) -> web.Response:
    """Those that the filter chooses; nothing, where it cannot be meant."""
    filters, wrong = read_event_filters(request)
    deps, visit = request.app[DEPS], request[VISIT]
    found = _NOTHING
    if not wrong:
        after = filters.after(UUID)
        choice = EventChoice(
            visit.clinic_id,
            type=filters.type,
            resource=filters.resource,
            resource_id=filters.resource_id,
            since=filters.from_time(now_of(request)),
            until=filters.until,
        )
        found = await list_events(deps.pool, visit, choice, filters.limit, after and (after[0], 0))
    return page(
        request,
        "events/list.html",
        422 if wrong else 200,
        errors=wrong,
        filters=filters,
        types=patterns(await list_type_names(deps.pool, visit), filters.type),
        events=found.rows,
        next=write_cursor(found.next[0]) if found.next else None,
        looked_at_some=found.next is not None and len(found.rows) < filters.limit,
        is_filtered=is_filtered(request),
    )


async def show_event(request: web.Request) -> web.Response:
    """One, with all that became of it."""
    deps, visit = request.app[DEPS], request[VISIT]
    found = await find_event(deps.pool, visit, uuid_in_path(request, "id"))
    concerned = {one.endpoint_id for one in found.deliveries} | {one.endpoint_id for one in found.endpoints}
    return page(
        request,
        "events/one.html",
        event=found,
        body=shown(found.body),
        deliveries=found.deliveries,
        names=await name_endpoints(deps.pool, visit, concerned),
        # An id of a thing is a clinic's, also where the visit is about all of them.
        of_clinic={CLINIC: found.clinic_id} if visit.principal.is_operator else {},
    )


async def send_body(request: web.Request) -> web.Response:
    """The exact text that is signed and sent, as a file."""
    event_id = uuid_in_path(request, "id")
    return as_file(await find_body(request.app[DEPS].pool, request[VISIT], event_id), event_id)


_ONE = f"{EVENTS}/{uuid('id')}"

ROUTES = (
    Route("GET", EVENTS, "event.read", RateClass.READ, show_events, media=HTML),
    Route("GET", _ONE, "event.explain", RateClass.READ, show_event, media=HTML),
    Route("GET", f"{_ONE}/body", "event.explain", RateClass.READ, send_body, media=HTML),
)

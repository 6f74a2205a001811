"""events: what happened, with the body that is sent, and what became of it at each endpoint."""

from dataclasses import dataclass
from uuid import UUID

from aiohttp import web

from dispatcher.admin.api.answers import Next, answer, uuid_in_path
from dispatcher.admin.api.choices import EventQuery, require_clinic
from dispatcher.admin.cursors import write_cursor
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import events
from dispatcher.admin.operations.events import Event, EventChoice, EventDetails
from dispatcher.admin.queries import read_query
from dispatcher.admin.routes import API, Route, uuid


@dataclass(frozen=True)
class Events:
    """Events, the newest first.

    There may be fewer of them than asked for, and none, while `next` says that the list goes on: no request looks at
    more rows than it can look at in a moment.
    """

    events: list[Event]
    next: Next


async def list_events(request: web.Request) -> web.Response:
    """Those that are asked for."""
    query, visit = read_query(request, EventQuery), request[VISIT]
    require_clinic(query, visit.clinic_id)
    after = query.after(UUID)
    choice = EventChoice(visit.clinic_id, **query.model_dump(exclude={"limit", "cursor"}))
    found = await events.list_events(request.app[DEPS].pool, visit, choice, query.limit, after and (after[0], 0))
    return answer(Events(found.rows, write_cursor(found.next[0]) if found.next else None))


async def show_event(request: web.Request) -> web.Response:
    """One, with its body, its deliveries, and why each endpoint got it or not."""
    found = await events.find_event(request.app[DEPS].pool, request[VISIT], uuid_in_path(request, "id"))
    return answer(found)


_ALL = f"{API}/events"

ROUTES = (
    Route(
        "GET",
        _ALL,
        "event.read",
        RateClass.READ,
        list_events,
        "List events, the newest first",
        answer=Events,
        query=EventQuery,
    ),
    Route(
        "GET",
        f"{_ALL}/{uuid('id')}",
        "event.explain",
        RateClass.READ,
        show_event,
        "Show an event with its body and its deliveries, and explain it for each endpoint",
        answer=EventDetails,
    ),
)

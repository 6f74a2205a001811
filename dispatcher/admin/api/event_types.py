"""event-types: what there is to subscribe to, with the JSON Schema of every body."""

from dataclasses import dataclass

from aiohttp import web

from dispatcher.admin.api.answers import answer
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import event_types
from dispatcher.admin.operations.event_types import EventType
from dispatcher.admin.routes import API, Route


@dataclass(frozen=True)
class EventTypes:
    """The catalogue, by name."""

    event_types: list[EventType]


async def list_event_types(request: web.Request) -> web.Response:
    """The catalogue."""
    return answer(EventTypes(await event_types.list_event_types(request.app[DEPS].pool, request[VISIT])))


ROUTES = (
    Route(
        "GET",
        f"{API}/event-types",
        "event_type.read",
        RateClass.READ,
        list_event_types,
        "List the event types, each with the JSON Schema of its body",
        answer=EventTypes,
    ),
)

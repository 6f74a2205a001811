"""What a route is: what it does, in the words of core/access.py, how it is limited, what it takes, and what it answers.

A route stands in the table with an action, or does not exist: the middlewares refuse a handler that they do not find
there. What it takes and answers is what the OpenAPI document says of it.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from dispatcher.admin.bodies import Body
from dispatcher.admin.limits import RateClass
from dispatcher.admin.problems import CODES
from dispatcher.admin.queries import Query
from dispatcher.core.access import ACCESS

API = "/api/webhooks"
JSON = "application/json"

NUMBER = "[0-9]{1,19}"
UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_PARAMETER = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[0-9,]+\})+))?\}")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Open(StrEnum):
    """What needs no role, each time said so: to be somebody, or nothing at all."""

    SOMEBODY = "somebody"
    ANYBODY = "anybody"


@dataclass(frozen=True)
class Route:
    """One method of one path.

    Attributes:
        path: as aiohttp writes it; its parameters are made by number() and uuid().
        summary: what it does, in a line.
        answer: the dataclass that it answers with; None: nothing, with 204, or what is no JSON.
        status: of that answer.
        body: what it reads; None: it reads none.
        query: which parameters it has besides clinic_id; None: none.
        problems: codes of the errors that it has besides those which every route like it has.
        media: the type of what it answers with.
    """

    method: str
    path: str
    action: str | Open
    rate: RateClass
    handler: Handler
    summary: str = ""
    answer: type | None = None
    status: int = 200
    body: type[Body] | None = None
    query: type[Query] | None = None
    problems: tuple[str, ...] = ()
    media: str = JSON

    @property
    def success(self) -> int:
        """The status of an answer that is no error."""
        return 204 if self.answer is None and self.media == JSON else self.status


def parameters(path: str) -> dict[str, str]:
    """The parameters of a path, each with the pattern that it has to match."""
    return dict(_PARAMETER.findall(path))


def plain(path: str) -> str:
    """A path without the patterns: `/api-keys/{id}`."""
    return _PARAMETER.sub(r"{\1}", path)


ROUTES = web.AppKey("routes", Mapping[Handler, Route])


def number(name: str) -> str:
    """A part of a path that is an id, read by number_in_path()."""
    return f"{{{name}:{NUMBER}}}"


def uuid(name: str) -> str:
    """A part of a path that is a UUID, read by uuid_in_path()."""
    return f"{{{name}:{UUID}}}"


def register(app: web.Application, routes: Iterable[Route]) -> None:
    """Add the routes to an application.

    Raises:
        TypeError: one has no action, or no rate class.
        ValueError: a handler, or a method of a path, stands there twice, the method is no method, or a problem none.
    """
    by_handler: dict[Handler, Route] = {}
    seen: set[tuple[str, str]] = set()
    for route in routes:
        where = f"{route.method} {route.path}"
        if not (isinstance(route.action, Open) or route.action in ACCESS) or not isinstance(route.rate, RateClass):
            raise TypeError(f"{where} has no action or no rate class")
        shape = (route.method, re.sub(r"\{\w+", "{", route.path))
        is_known = route.method in ("GET", "POST", "PATCH", "DELETE") and CODES.keys() >= set(route.problems)
        if route.handler in by_handler or shape in seen or not is_known:
            raise ValueError(f"{where} cannot be registered")
        by_handler[route.handler] = route
        seen.add(shape)
        app.router.add_route(route.method, route.path, route.handler)
    app[ROUTES] = by_handler


def route_of(request: web.Request) -> Route | None:
    """The route of a request; None: it has none in the table."""
    return request.app[ROUTES].get(request.match_info.handler)

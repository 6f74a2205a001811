"""The one table of routes: what each of them does, in the words of core/access.py, and how it is limited.

A route stands in it with an action, or does not exist: the middlewares refuse a handler that they do not find here.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from dispatcher.admin.limits import RateClass
from dispatcher.core.access import ACCESS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Open(StrEnum):
    """What needs no role, each time said so: to be somebody, or nothing at all."""

    SOMEBODY = "somebody"
    ANYBODY = "anybody"


@dataclass(frozen=True)
class Route:
    """One method of one path."""

    method: str
    path: str
    action: str | Open
    rate: RateClass
    handler: Handler


ROUTES = web.AppKey("routes", Mapping[Handler, Route])


def register(app: web.Application, routes: Iterable[Route]) -> None:
    """Add the routes to an application.

    Raises:
        TypeError: one has no action, or no rate class.
        ValueError: a handler, or a method of a path, stands there twice, or the method is no method.
    """
    by_handler: dict[Handler, Route] = {}
    seen: set[tuple[str, str]] = set()
    for route in routes:
        where = f"{route.method} {route.path}"
        if not (isinstance(route.action, Open) or route.action in ACCESS) or not isinstance(route.rate, RateClass):
            raise TypeError(f"{where} has no action or no rate class")
        shape = (route.method, re.sub(r"\{\w+", "{", route.path))
        if route.handler in by_handler or shape in seen or route.method not in ("GET", "POST", "PATCH", "DELETE"):
            raise ValueError(f"{where} cannot be registered")
        by_handler[route.handler] = route
        seen.add(shape)
        app.router.add_route(route.method, route.path, route.handler)
    app[ROUTES] = by_handler


def route_of(request: web.Request) -> Route | None:
    """The route of a request; None: it has none in the table."""
    return request.app[ROUTES].get(request.match_info.handler)

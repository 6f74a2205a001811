"""endpoints/{id}/headers: what is added to the requests to an endpoint. What one holds is never shown again."""

from dataclasses import dataclass

from aiohttp import web

from dispatcher.admin.api import endpoint_fields
from dispatcher.admin.api.answers import answer, number_in_path
from dispatcher.admin.api.endpoints import ENDPOINT
from dispatcher.admin.bodies import Body, read_body
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import headers
from dispatcher.admin.operations.headers import Header
from dispatcher.admin.routes import Route


class NewHeaders(Body):
    """Headers in the place of all that an endpoint has."""

    headers: endpoint_fields.Headers


@dataclass(frozen=True)
class Headers:
    """The headers of an endpoint by name, without what they hold."""

    headers: list[Header]


async def list_headers(request: web.Request) -> web.Response:
    """The names, and since when."""
    found = await headers.list_headers(request.app[DEPS].pool, request[VISIT], number_in_path(request, "id"))
    return answer(Headers(found))


async def replace_headers(request: web.Request) -> web.Response:
    """Put headers in the place of all that an endpoint has."""
    body = await read_body(request, NewHeaders)
    return answer(Headers(await _set(request, body.headers)))


async def remove_headers(request: web.Request) -> web.Response:
    """Remove all headers of an endpoint."""
    await _set(request, {})
    return web.Response(status=204)


async def _set(request: web.Request, given: dict[str, str]) -> list[Header]:
    return await headers.set_headers(request.app[DEPS].pool, request[VISIT], number_in_path(request, "id"), given)


_HEADERS = f"{ENDPOINT}/headers"

ROUTES = (
    Route(
        "GET",
        _HEADERS,
        "header.read",
        RateClass.READ,
        list_headers,
        "List the headers that are added to the requests to an endpoint, without what they hold",
        answer=Headers,
    ),
    Route(
        "POST",
        _HEADERS,
        "header.set",
        RateClass.WRITE,
        replace_headers,
        "Put headers in the place of all that an endpoint has",
        answer=Headers,
        body=NewHeaders,
        problems=("conflict",),
    ),
    Route(
        "DELETE",
        _HEADERS,
        "header.remove",
        RateClass.WRITE,
        remove_headers,
        "Remove all headers of an endpoint",
        problems=("conflict",),
    ),
)

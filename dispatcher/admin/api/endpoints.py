"""endpoints: the receivers of a clinic, or, for an operator who names none, of all."""

from dataclasses import dataclass

from aiohttp import web
from pydantic import Field

from dispatcher.admin import endpoints as shared
from dispatcher.admin.api.answers import Next, answer, number_in_path
from dispatcher.admin.api.endpoint_fields import ChangedEndpoint, NewEndpoint, Reason
from dispatcher.admin.api.testing import PROBLEMS as VERIFY_PROBLEMS
from dispatcher.admin.api.testing import unverified
from dispatcher.admin.bodies import read_body
from dispatcher.admin.cursors import cut
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import endpoints
from dispatcher.admin.operations.endpoint_rows import CreatedEndpoint, Endpoint, State
from dispatcher.admin.queries import Page, Query, read_query
from dispatcher.admin.routes import API, Route, number
from dispatcher.admin.values import Text


class EndpointChoice(Page):
    """Which endpoints."""

    state: State | None = Field(None, description="Only those in it; left out: all that are not retired.")
    text: Text | None = Field(
        None, description="Only those that have it in their description, or in their URL up to its query."
    )


@dataclass(frozen=True)
class Endpoints:
    """Endpoints, newest first."""

    endpoints: list[Endpoint]
    next: Next


async def list_endpoints(request: web.Request) -> web.Response:
    """The endpoints, and how each is doing."""
    visit, query = request[VISIT], read_query(request, EndpointChoice)
    (before,) = query.after(int) or (None,)
    found = await endpoints.list_endpoints(
        request.app[DEPS].pool, visit, query.state, query.text, before, query.limit + 1
    )
    page, following = cut(found, query.limit, lambda endpoint: endpoint.endpoint_id)
    return answer(Endpoints([shared.shown(endpoint, visit) for endpoint in page], following))


async def create_endpoint(request: web.Request) -> web.Response:
    """Make an endpoint; the answer has its signing key, this once.

    With `verify: true` a test is sent first, and it counts as one of those, too: the limit `test` holds beside `write`.
    """
    body = await read_body(request, NewEndpoint)
    try:
        return answer(await shared.make_endpoint(request, body), status=201)
    except shared.Unverified as error:
        raise unverified(error.sent) from None


async def show_endpoint(request: web.Request) -> web.Response:
    """One endpoint, also one that is retired."""
    return answer(await shared.find_endpoint(request, number_in_path(request, "id")))


async def change_endpoint(request: web.Request) -> web.Response:
    """Change some options of an endpoint."""
    body = await read_body(request, ChangedEndpoint)
    return answer(await shared.change_endpoint(request, number_in_path(request, "id"), body))


class Retirement(Query):
    """Why an endpoint is retired."""

    reason: Reason | None = None


async def retire_endpoint(request: web.Request) -> web.Response:
    """Retire an endpoint for good: it gets no new events, and what is due to it is cancelled."""
    query = read_query(request, Retirement)
    await endpoints.retire_endpoint(request.app[DEPS].pool, request[VISIT], number_in_path(request, "id"), query.reason)
    return web.Response(status=204)


ENDPOINTS = f"{API}/endpoints"
ENDPOINT = f"{ENDPOINTS}/{number('id')}"

ROUTES = (
    Route(
        "GET",
        ENDPOINTS,
        "endpoint.read",
        RateClass.READ,
        list_endpoints,
        "List endpoints, newest first",
        answer=Endpoints,
        query=EndpointChoice,
    ),
    Route(
        "POST",
        ENDPOINTS,
        "endpoint.create",
        RateClass.WRITE,
        create_endpoint,
        "Make an endpoint",
        answer=CreatedEndpoint,
        status=201,
        body=NewEndpoint,
        problems=("limit_reached", *VERIFY_PROBLEMS),
    ),
    Route(
        "GET",
        ENDPOINT,
        "endpoint.read",
        RateClass.READ,
        show_endpoint,
        "Show an endpoint, and how it is doing",
        answer=Endpoint,
    ),
    Route(
        "PATCH",
        ENDPOINT,
        "endpoint.change",
        RateClass.WRITE,
        change_endpoint,
        "Change options of an endpoint; what is left out stays as it is",
        answer=Endpoint,
        body=ChangedEndpoint,
        problems=("conflict",),
    ),
    Route(
        "DELETE",
        ENDPOINT,
        "endpoint.retire",
        RateClass.WRITE,
        retire_endpoint,
        "Retire an endpoint for good; it stays on record",
        query=Retirement,
        problems=("conflict",),
    ),
)

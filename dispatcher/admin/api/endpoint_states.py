"""endpoints/{id}/pause, resume, stats: stopping and letting go what is sent to one, and how it is doing."""

from datetime import timedelta
from typing import Annotated

from aiohttp import web
from pydantic import Field

from dispatcher.admin.api.answers import answer, number_in_path
from dispatcher.admin.api.endpoint_fields import Reason
from dispatcher.admin.api.endpoints import ENDPOINT
from dispatcher.admin.bodies import Body, read_body
from dispatcher.admin.deps import DEPS, VISIT, now_of
from dispatcher.admin.endpoints import shown
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import endpoints
from dispatcher.admin.operations.endpoint_rows import Endpoint
from dispatcher.admin.operations.endpoint_stats import EndpointStats, find_stats
from dispatcher.admin.problems import Problem
from dispatcher.admin.queries import Query, read_query
from dispatcher.admin.routes import Route
from dispatcher.admin.values import Moment

LONGEST = timedelta(days=31)  # of statistics in an answer: 744 rows


class Pause(Body):
    """Why an endpoint is paused."""

    reason: Reason | None = None


class Resumption(Body):
    """How fast what was kept is sent."""

    drain_rate: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        None, description="So many deliveries a second; null: as before, 100 at first."
    )


class Hours(Query):
    """Which hours."""

    since: Moment | None = Field(None, description="Hours that begin from it on; left out: a day before until.")
    until: Moment | None = Field(None, description="Hours that begin before it; left out: now. At most 31 days.")


async def pause_endpoint(request: web.Request) -> web.Response:
    """Send nothing more to an endpoint, and keep what is due to it."""
    visit, body = request[VISIT], await read_body(request, Pause)
    endpoint_id = number_in_path(request, "id")
    return answer(shown(await endpoints.pause_endpoint(request.app[DEPS].pool, visit, endpoint_id, body.reason), visit))


async def resume_endpoint(request: web.Request) -> web.Response:
    """Send again to an endpoint that was paused or disabled."""
    visit, body = request[VISIT], await read_body(request, Resumption)
    endpoint_id = number_in_path(request, "id")
    return answer(
        shown(await endpoints.resume_endpoint(request.app[DEPS].pool, visit, endpoint_id, body.drain_rate), visit)
    )


async def show_stats(request: web.Request) -> web.Response:
    """How an endpoint is doing, and did, hour by hour."""
    deps, query = request.app[DEPS], read_query(request, Hours)
    until = query.until or now_of(request)
    since = query.since or until - timedelta(days=1)
    if not since < until <= since + LONGEST:
        raise Problem(
            "invalid_parameter",
            errors=[{"path": "/since", "message": f"must be before until, by {LONGEST.days} days at most"}],
        )
    return answer(await find_stats(deps.pool, request[VISIT], number_in_path(request, "id"), since, until))


ROUTES = (
    Route(
        "POST",
        f"{ENDPOINT}/pause",
        "endpoint.pause",
        RateClass.WRITE,
        pause_endpoint,
        "Send nothing more to an endpoint, and keep what is due to it",
        answer=Endpoint,
        body=Pause,
        problems=("conflict",),
    ),
    Route(
        "POST",
        f"{ENDPOINT}/resume",
        "endpoint.resume",
        RateClass.WRITE,
        resume_endpoint,
        "Send again to an endpoint that was paused or disabled",
        answer=Endpoint,
        body=Resumption,
        problems=("conflict",),
    ),
    Route(
        "GET",
        f"{ENDPOINT}/stats",
        "endpoint.statistics",
        RateClass.READ,
        show_stats,
        "How an endpoint is doing, and did, hour by hour",
        answer=EndpointStats,
        query=Hours,
    ),
)

"""overview: how things are, in one look."""

from aiohttp import web

from dispatcher.admin.api.answers import answer
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import overview
from dispatcher.admin.operations.overview import Overview
from dispatcher.admin.routes import API, Route


async def show_overview(request: web.Request) -> web.Response:
    """Of a clinic; of all, and of the platform, for an operator who names none."""
    return answer(await overview.show_overview(request.app[DEPS].pool, request[VISIT]))


ROUTES = (
    Route(
        "GET",
        f"{API}/overview",
        "overview.read",
        RateClass.READ,
        show_overview,
        "See how endpoints and deliveries are doing",
        answer=Overview,
    ),
)

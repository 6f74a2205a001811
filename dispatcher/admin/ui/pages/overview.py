"""Overview: do my webhooks arrive?"""

from aiohttp import web

from dispatcher.admin.deps import DEPS, VISIT, now_of
from dispatcher.admin.endpoints import shown
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations.attention import LATE, find_attention
from dispatcher.admin.operations.hours import day_of, list_hours
from dispatcher.admin.operations.overview import show_overview
from dispatcher.admin.operations.replays import list_replays
from dispatcher.admin.routes import Route
from dispatcher.admin.ui import charts
from dispatcher.admin.ui.frame import page
from dispatcher.admin.ui.urls import HOME, HTML
from dispatcher.admin.ui.verdicts import platform_troubles, verdict
from dispatcher.admin.ui.wording.platform_troubles import PLATFORM_TROUBLES

_MOST_NAMED = 10  # endpoints, clinics and replays


async def overview_page(request: web.Request) -> web.Response:
    """How a clinic's webhooks do; or everybody's, and the platform, for an operator who names no clinic."""
    pool, visit = request.app[DEPS].pool, request[VISIT]
    now = now_of(request)
    hours = await list_hours(pool, visit, now)
    overview = await show_overview(pool, visit, day_of(hours))
    attention = await find_attention(pool, visit, _MOST_NAMED)
    running = {"state": "running"}
    return page(
        request,
        "overview/show.html",
        overview=overview,
        attention=attention,
        needing=[(each.why, shown(each.endpoint, visit)) for each in attention.endpoints],
        hours=hours,
        replays=await list_replays(pool, visit, running, None, _MOST_NAMED) if overview.running_replays else [],
        verdict=verdict(overview, attention),
        troubles=[PLATFORM_TROUBLES[code] for code in platform_troubles(overview.platform)],
        charts=charts,
        late_seconds=LATE.total_seconds(),
    )


ROUTES = (Route("GET", HOME, "overview.read", RateClass.READ, overview_page, media=HTML),)

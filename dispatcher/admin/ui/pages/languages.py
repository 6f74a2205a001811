"""Which language the pages are in: what the browser prefers, until somebody chooses."""

from aiohttp import web

from dispatcher.admin.limits import RateClass
from dispatcher.admin.problems import Problem
from dispatcher.admin.routes import Open, Route
from dispatcher.admin.ui.forms import read_form
from dispatcher.admin.ui.language import COOKIE, LANGUAGES
from dispatcher.admin.ui.own_paths import own_path
from dispatcher.admin.ui.urls import HTML, UI

_A_YEAR = 365 * 24 * 3600  # seconds


async def choose_language(request: web.Request) -> web.Response:
    """Have the browser remember a language, and lead back to the page."""
    form = await read_form(request)
    chosen = form.text("lang")
    if chosen not in LANGUAGES:
        raise Problem("bad_request")
    response = web.Response(status=303, headers={"Location": own_path(form.text("next"))})
    response.set_cookie(COOKIE, chosen, max_age=_A_YEAR, path="/", secure=True, httponly=True, samesite="Lax")
    return response


ROUTES = (Route("POST", f"{UI}/language", Open.ANYBODY, RateClass.WRITE, choose_language, media=HTML),)

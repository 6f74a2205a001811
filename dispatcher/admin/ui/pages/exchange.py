"""The page that a one-time URL leads to. Looking at it changes nothing, as programs look at links before people do;
the form on it, which sends itself, exchanges the code for the cookie of a session.

Anybody who may ask for sessions can lead anybody else to such a page, and so into a session that is not theirs. Who has
a session here is therefore asked before another one takes its place. Who has none is not: there is nothing that tells
their own link from somebody else's.
"""

from typing import Any

from aiohttp import hdrs, web

from dispatcher.admin.authentication import keep_session, session_of
from dispatcher.admin.deps import ADDRESS, DEPS, REQUEST_ID
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import portal
from dispatcher.admin.problems import Problem
from dispatcher.admin.routes import Open, Route
from dispatcher.admin.ui.frame import page
from dispatcher.admin.ui.urls import HOME, HTML
from dispatcher.core.identity import Principal

_SCRIPT = 'document.getElementById("open").requestSubmit();\n'


async def show_exchange(request: web.Request) -> web.Response:
    """The form; the same for every code, also for one that is not good."""
    return _page(request, "open")


async def send_script(_: web.Request) -> web.Response:
    """The script that sends the form."""
    return web.Response(text=_SCRIPT, content_type="text/javascript")


async def exchange(request: web.Request) -> web.Response:
    """Exchange the code for a session, once."""
    deps = request.app[DEPS]
    if deps.options.public_url is None:
        raise Problem("portal_off")
    current = await session_of(request)
    try:
        secret = await portal.open_portal_session(
            deps.pool,
            request.match_info["code"],
            deps.options,
            request[REQUEST_ID],
            request[ADDRESS],
            current,
            current is not None and await _agrees(request, current),
        )
    except portal.IsAnothers as error:
        return _page(request, "question", 409, current=current, opened=error.principal)
    if secret is None:
        return _page(request, "over", 410)
    response = web.Response(status=303, headers={"Location": HOME})
    keep_session(response, secret)
    return response


async def _agrees(request: web.Request, current: Principal) -> bool:
    """Whether this is the answer to the question, about the session that the browser still has."""
    if hdrs.CONTENT_ENCODING in request.headers:  # no form does that
        return False
    return await request.read() == f"instead_of={current.number}".encode()


def _page(request: web.Request, name: str, status: int = 200, **context: Any) -> web.Response:
    response = page(request, f"exchange/{name}.html", status=status, **context)
    # The URL has the code: no request from here says it. The form still has an Origin; with no-referrer it would not.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


_CODE = "/portal/{code:[A-Za-z0-9_-]{43}}"

ROUTES = (
    Route("GET", _CODE, Open.ANYBODY, RateClass.LOGIN, show_exchange, media=HTML),
    Route("POST", _CODE, Open.ANYBODY, RateClass.LOGIN, exchange, media=HTML),
    Route("GET", "/portal/open.js", Open.ANYBODY, RateClass.READ, send_script, media="text/javascript"),
)

"""The page that a one-time URL leads to. Looking at it changes nothing, as programs look at links before people do;
the form on it, which sends itself, exchanges the code for the cookie of a session.

Anybody who may ask for sessions can lead anybody else to such a page, and so into a session that is not theirs. Who has
a session here is therefore asked before another one takes its place. Who has none is not: there is nothing that tells
their own link from somebody else's.
"""

from html import escape

from aiohttp import hdrs, web

from dispatcher.admin.authentication import COOKIE
from dispatcher.admin.deps import ADDRESS, DEPS, REQUEST_ID
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import portal
from dispatcher.admin.origins import is_same_origin
from dispatcher.admin.problems import Problem
from dispatcher.admin.routes import Open, Route
from dispatcher.core.identity import Principal

HOME = "/api/webhooks/me"
POLICY = "default-src 'none'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="robots" content="noindex">
<title>Webhooks</title>
{content}
</html>
"""
_FORM = '<form method="post"><button>Continue to webhooks</button></form>\n<script src="/portal/open.js"></script>'
_OVER = "<p>This link was used, or is too old. Go back to where you found it, and follow it again.</p>"
_QUESTION = """<p>You are logged in as {current}.</p>
<p>This link logs you in as {opened} instead. If you did not ask for that, close this page.</p>
<form method="post"><button name="instead_of" value="{number}">Log in as {opened}</button></form>"""
_SCRIPT = "document.forms[0].requestSubmit();\n"


async def show_exchange(_: web.Request) -> web.Response:
    """The form; the same for every code, also for one that is not good."""
    return _page(_FORM)


async def send_script(_: web.Request) -> web.Response:
    """The script that sends the form."""
    return web.Response(text=_SCRIPT, content_type="text/javascript")


async def exchange(request: web.Request) -> web.Response:
    """Exchange the code for a session, once."""
    deps = request.app[DEPS]
    public_url = deps.options.public_url
    if public_url is None:
        raise Problem("portal_off")
    # No page elsewhere can answer the question in the reader's name.
    if not is_same_origin(request, public_url):
        raise Problem("cross_site")
    current = await _current(request)
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
        assert current is not None
        return _page(_question(current, error.principal), status=409)
    if secret is None:
        return _page(_OVER, status=410)
    response = web.Response(status=303, headers={"Location": HOME})
    # No Max-Age: the cookie goes with the browser; how long the session lasts is the server's to say.
    response.set_cookie(COOKIE, secret, path="/", secure=True, httponly=True, samesite="Lax")
    return response


async def _current(request: web.Request) -> Principal | None:
    """Whom the session is for that the browser has; None: it has none that is not over."""
    deps = request.app[DEPS]
    return await portal.find_principal(deps.pool, request.cookies.get(COOKIE, ""), deps.options.idle_seconds)


async def _agrees(request: web.Request, current: Principal) -> bool:
    """Whether this is the answer to the question, about the session that the browser still has."""
    if hdrs.CONTENT_ENCODING in request.headers:  # no form does that
        return False
    return await request.read() == f"instead_of={current.number}".encode()


def _question(current: Principal, opened: Principal) -> str:
    return _QUESTION.format(current=_described(current), opened=_described(opened), number=current.number)


def _described(principal: Principal) -> str:
    where = "operator" if principal.is_operator else f"clinic {', '.join(principal.roles)}"
    return escape(f"{principal.user} ({where})")


def _page(content: str, status: int = 200) -> web.Response:
    return web.Response(
        status=status,
        text=_PAGE.format(content=content),
        content_type="text/html",
        # With no-referrer, browsers send the form with `Origin: null`: those without Sec-Fetch-Site would be refused.
        headers={"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"},
    )


_CODE = "/portal/{code:[A-Za-z0-9_-]{43}}"

ROUTES = (
    Route("GET", _CODE, Open.ANYBODY, RateClass.LOGIN, show_exchange, media="text/html"),
    Route("POST", _CODE, Open.ANYBODY, RateClass.LOGIN, exchange, media="text/html"),
    Route("GET", "/portal/open.js", Open.ANYBODY, RateClass.READ, send_script, media="text/javascript"),
)

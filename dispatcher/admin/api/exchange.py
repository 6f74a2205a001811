"""The page that a one-time URL leads to. Looking at it changes nothing, as programs look at links before people do;
the form on it, which sends itself, exchanges the code for the cookie of a session.
"""

from aiohttp import web

from dispatcher.admin.authentication import COOKIE
from dispatcher.admin.deps import ADDRESS, DEPS, REQUEST_ID
from dispatcher.admin.operations import portal
from dispatcher.admin.origins import is_same_origin
from dispatcher.admin.problems import Problem

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
    # Or another site's page could let its reader into somebody else's session, unseen.
    if not is_same_origin(request, public_url):
        raise Problem("cross_site")
    secret = await portal.open_portal_session(
        deps.pool,
        request.match_info["code"],
        deps.options.session_seconds,
        request[REQUEST_ID],
        request[ADDRESS],
    )
    if secret is None:
        return _page(_OVER, status=410)
    response = web.Response(status=303, headers={"Location": HOME})
    # No Max-Age: the cookie goes with the browser; how long the session lasts is the server's to say.
    response.set_cookie(COOKIE, secret, path="/", secure=True, httponly=True, samesite="Lax")
    return response


def _page(content: str, status: int = 200) -> web.Response:
    return web.Response(
        status=status,
        text=_PAGE.format(content=content),
        content_type="text/html",
        headers={"Content-Security-Policy": POLICY},
    )

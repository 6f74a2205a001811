"""Signing in with an API key or a token of the host, and signing out.

The form has the key once: after that the browser has the cookie of a session, which ends with the key.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from aiohttp import web

from dispatcher.admin.authentication import (
    Unauthenticated,
    forget_session,
    keep_session,
    known_by,
    note_refused,
    session_of,
)
from dispatcher.admin.deps import ADDRESS, DEPS, REQUEST_ID, VISIT, Visit
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import portal, sign_in
from dispatcher.admin.problems import Problem
from dispatcher.admin.routes import Open, Route
from dispatcher.admin.ui.forms import read_form
from dispatcher.admin.ui.frame import page
from dispatcher.admin.ui.language import N_
from dispatcher.admin.ui.own_paths import clinic_in, own_path
from dispatcher.admin.ui.urls import HTML, SIGN_IN, UI, with_parameters
from dispatcher.core.identity import Principal, Way
from dispatcher.db import Pool

EMPTY = N_("Enter an API key or a token.")
WRONG = N_("This key or token is not valid, or not any more.")
NOTHING = N_("This key or token is valid, but opens no clinic.")


async def show_sign_in(request: web.Request) -> web.Response:
    """The form; also to who has a session, which another one takes the place of."""
    return _form(request, own_path(request.query.get("next", "")))


async def send_sign_in(request: web.Request) -> web.Response:
    """Begin a session of whose key or token it is."""
    deps = request.app[DEPS]
    if deps.options.public_url is None:
        raise Problem("portal_off")
    form = await read_form(request)
    leads_to = own_path(form.text("next"))
    if not form.text("key"):
        return _form(request, leads_to, EMPTY, 422)
    try:
        principal = await known_by(form.text("key"), deps, clinic_in(leads_to))
        if not (principal.roles or principal.is_operator):
            return _form(request, leads_to, NOTHING, 403)
        secret = await _begin(request, principal)
    except Unauthenticated as error:
        note_refused(request, error, {})
        return _form(request, leads_to, WRONG, 401)
    response = web.Response(status=303, headers={"Location": leads_to})
    keep_session(response, secret)
    return response


async def _begin(request: web.Request, principal: Principal) -> str:
    """The secret of a new session, which lasts as long as any, and no longer than the token."""
    deps = request.app[DEPS]
    seconds: float = deps.options.session_seconds
    if principal.until is not None:
        seconds = min(seconds, principal.until - deps.now())
    secret = await sign_in.sign_in(
        deps.pool,
        principal,
        timedelta(seconds=seconds),
        request[REQUEST_ID],
        request[ADDRESS],
        await session_of(request),
    )
    if secret is None:
        raise Unauthenticated("API key")
    return secret


def _form(request: web.Request, leads_to: str, wrong: str | None = None, status: int = 200) -> web.Response:
    """The form, never with what was put into it."""
    response = page(
        request,
        "sign_in.html",
        status=status,
        leads_to=leads_to,
        is_on=request.app[DEPS].options.public_url is not None,
        errors={} if wrong is None else {"key": wrong},
    )
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


async def sign_out(request: web.Request) -> web.Response:
    """End the session that the browser has."""
    return await _end(request, portal.end_portal_session, "signed_out")


async def sign_out_everywhere(request: web.Request) -> web.Response:
    """End all sessions that are known to be the same person's."""
    return await _end(request, portal.end_portal_sessions, "signed_out_everywhere")


async def _end(request: web.Request, end: Callable[[Pool, Visit], Awaitable[None]], what: str) -> web.Response:
    visit = request[VISIT]
    if visit.principal.way is not Way.PORTAL_SESSION:
        raise Problem("forbidden", N_("Only a session can be ended: this request came with a key or a token."))
    await end(request.app[DEPS].pool, visit)
    response = web.Response(status=303, headers={"Location": with_parameters(SIGN_IN, {"done": what})})
    forget_session(response)
    return response


ROUTES = (
    Route("GET", SIGN_IN, Open.ANYBODY, RateClass.READ, show_sign_in, media=HTML),
    Route("POST", SIGN_IN, Open.ANYBODY, RateClass.LOGIN, send_sign_in, media=HTML),
    Route("POST", f"{UI}/sign-out", Open.SOMEBODY, RateClass.WRITE, sign_out, media=HTML),
    Route("POST", f"{UI}/sign-out-everywhere", Open.SOMEBODY, RateClass.WRITE, sign_out_everywhere, media=HTML),
)

"""Who a request is from. One way is looked at, never a second one where the first is refused:

an Authorization header, if there is one: an API key, or a token of the host; else the cookie of a portal session.
"""

from collections.abc import Mapping
from dataclasses import replace

from aiohttp import hdrs, web

from dispatcher.admin.deps import ADDRESS, DEPS, REQUEST_ID, Deps
from dispatcher.admin.limits import count_refusal
from dispatcher.admin.operations import api_keys, portal
from dispatcher.admin.operations.membership import member_roles
from dispatcher.admin.origins import REFRESH, SAFE, is_same_origin
from dispatcher.admin.problems import Problem
from dispatcher.core.access import Role
from dispatcher.core.credentials import PREFIX
from dispatcher.core.identity import Principal, Way, lesser, user_name
from dispatcher.core.tokens import Claimed, TokenRefused, verify
from dispatcher.telemetry.admin_observations import AuthenticationRefused

COOKIE = "__Host-outbound_webhooks"
NO_COOKIE = f"{COOKIE}=; HttpOnly; Max-Age=0; Path=/; SameSite=Lax; Secure"


class Unauthenticated(Exception):
    """What a request shows is not accepted; the reason is for the log, and holds nothing of it."""


class SessionOver(Unauthenticated):
    """The cookie stands for no session (any more): the browser need not send it again."""


def shows_something(request: web.Request) -> bool:
    """Whether a request shows anything by which we could know who it is from."""
    return hdrs.AUTHORIZATION in request.headers or COOKIE in request.cookies


async def identify(request: web.Request, deps: Deps, named: str | None) -> Principal:
    """Who a request is from that shows something.

    Args:
        named: the clinic that the request names.

    Raises:
        Unauthenticated: what it shows is not accepted.
        Problem: another site's page made it.
    """
    shown = request.headers.getall(hdrs.AUTHORIZATION, [])
    if not shown:
        return await _by_cookie(request, deps)
    scheme, _, credentials = shown[0].partition(" ")
    if len(shown) > 1 or scheme.lower() != "bearer":
        raise Unauthenticated("the Authorization header is not one Bearer")
    return await known_by(credentials, deps, named)


async def known_by(credentials: str, deps: Deps, named: str | None) -> Principal:
    """Whom an API key or a token of the host stands for.

    Args:
        named: the clinic that is meant, for a token that names none.

    Raises:
        Unauthenticated: nobody.
    """
    if not credentials.startswith(PREFIX):
        return await _by_token(credentials, deps, named)
    principal = await api_keys.find_principal(deps.pool, credentials)
    if principal is None:
        raise Unauthenticated("API key")
    return principal


async def session_of(request: web.Request) -> Principal | None:
    """Whom the session is for that the browser has; None: it has none that is not over."""
    deps = request.app[DEPS]
    return await portal.find_principal(deps.pool, request.cookies.get(COOKIE, ""), deps.options.idle_seconds)


def note_refused(request: web.Request, error: Unauthenticated, headers: Mapping[str, str]) -> None:
    """Count, and tell the log, that what a request showed was refused.

    Raises:
        Problem: too many were, from this address; with these headers, too.
    """
    deps = request.app[DEPS]
    count_refusal(deps, request[ADDRESS], headers)
    deps.observe(AuthenticationRefused(request[REQUEST_ID], str(error), request[ADDRESS]))


def keep_session(response: web.Response, secret: str) -> None:
    """Have the browser keep a session, in the place of any other.

    No Max-Age: the cookie goes with the browser; how long the session lasts is the server's to say.
    """
    response.set_cookie(COOKIE, secret, path="/", secure=True, httponly=True, samesite="Lax")


def forget_session(response: web.Response) -> None:
    """Have the browser forget its session."""
    response.del_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Lax")


async def _by_token(token: str, deps: Deps, named: str | None) -> Principal:
    if deps.options.tokens is None:
        raise Unauthenticated("tokens are not configured")
    try:
        claimed = verify(token, deps.options.tokens, deps.now())
    except TokenRefused as error:
        raise Unauthenticated(f"token: {error}") from None
    principal = Principal(Way.TOKEN, user_name(claimed.user), user=claimed.user, until=claimed.until)
    if not deps.options.asks_membership:
        return replace(principal, roles=_complete(claimed), is_operator=claimed.is_operator)
    clinics = {*claimed.clinics, *([named] if named is not None else [])}
    return replace(principal, roles=await member_roles(deps.pool, claimed.user, clinics))


def _complete(claimed: Claimed) -> dict[str, Role]:
    """The clinics of a token at which it says a role that there is."""
    return {clinic_id: role for clinic_id, role in claimed.clinics.items() if role is not None}


async def _by_cookie(request: web.Request, deps: Deps) -> Principal:
    public_url = deps.options.public_url
    if public_url is None:
        raise Unauthenticated("there are no portal sessions")
    if request.method not in SAFE and not is_same_origin(request, public_url):
        raise Problem("cross_site")
    is_seen = REFRESH not in request.headers
    principal = await portal.find_principal(deps.pool, request.cookies[COOKIE], deps.options.idle_seconds, is_seen)
    if principal is None:
        raise SessionOver("portal session")
    if not deps.options.asks_membership or principal.user is None:
        return principal
    found = await member_roles(deps.pool, principal.user, principal.roles)
    return replace(principal, roles=_at_most(found, principal.roles))


def _at_most(found: Mapping[str, Role], granted: Mapping[str, Role]) -> dict[str, Role]:
    """What somebody is, but no more than was granted: who asked for the session could grant no more."""
    return {clinic_id: lesser(role, granted[clinic_id]) for clinic_id, role in found.items()}

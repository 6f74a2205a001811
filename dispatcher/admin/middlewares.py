"""What every request goes through, in this order: headers and its id, errors in one shape, who it is from and whether
they may, how many of these there were.
"""

import re
import secrets
import time
import traceback

import psycopg
from aiohttp import web
from psycopg_pool import PoolTimeout

from dispatcher.admin.authentication import (
    NO_COOKIE,
    SessionOver,
    Unauthenticated,
    identify,
    note_refused,
    shows_something,
)
from dispatcher.admin.deps import ADDRESS, DEPS, LIMITS, REQUEST_ID, VISIT, Visit
from dispatcher.admin.limits import limit_headers, take, take_denied
from dispatcher.admin.operations.denials import record_denied
from dispatcher.admin.origins import SAFE, is_same_origin
from dispatcher.admin.problems import Problem, problem_response
from dispatcher.admin.queries import CLINIC, Query, read_query
from dispatcher.admin.refusals import refusal
from dispatcher.admin.routes import Handler, Open, Route, route_of
from dispatcher.admin.ui.problems import problem_page
from dispatcher.admin.ui.urls import HTML, is_page
from dispatcher.core.clients import client_address
from dispatcher.core.identity import Principal, Refused, clinic_of, is_name
from dispatcher.db import error_text
from dispatcher.telemetry.admin_observations import RequestAnswered, RequestFailed
from dispatcher.telemetry.observations import DatabaseTrouble

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "outbound-webhooks",  # not which versions of what
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_CODES = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}


@web.middleware
async def identified(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give a request its id and its address, the answer its headers, and tell what came of it."""
    deps = request.app[DEPS]
    begun = time.monotonic()
    given = request.headers.get("X-Request-Id", "")
    request[REQUEST_ID] = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
    forwarded = request.headers.getall("X-Forwarded-For", [])
    request[ADDRESS] = client_address(request.remote, forwarded, deps.options.trusted_proxies)
    response = await handler(request)
    limits = limit_headers(request[LIMITS]) if LIMITS in request else {}
    for name, value in {**limits, **HEADERS}.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = request[REQUEST_ID]
    visit, route = request.get(VISIT), route_of(request)
    deps.observe(
        RequestAnswered(
            request_id=request[REQUEST_ID],
            method=request.method if route else "-",
            route=route.path if route else "-",  # a path may hold a one-time code
            status=response.status,
            duration_ms=round((time.monotonic() - begun) * 1000),
            who=visit.principal.name if visit else None,
            clinic_id=visit.clinic_id if visit else None,
            address=request[ADDRESS],
        )
    )
    return response


@web.middleware
async def in_one_shape(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever goes wrong into problem+json; into a page, where a page was asked for."""
    try:
        return await handler(request)
    except Exception as error:
        problem = _problem(request, error)
        return (
            problem_page(request, problem)
            if _is_for_people(request)
            else problem_response(problem, request[REQUEST_ID])
        )


def _is_for_people(request: web.Request) -> bool:
    route = route_of(request)
    return is_page(request) or (route is not None and route.media == HTML)


def _problem(request: web.Request, error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case Refused(code=code):
            return Problem(code)
        case web.HTTPException(status=status) if status < 500:
            headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            return Problem(_CODES.get(status, "bad_request"), headers=headers)
        case ConnectionError():  # who asked is gone, in the middle of their body; the database's is an OperationalError
            return Problem("bad_request")
        case psycopg.Error() if VISIT in request and (refused := refusal(error)):
            return refused
        case psycopg.OperationalError() | PoolTimeout():
            request.app[DEPS].observe(DatabaseTrouble("admin", error_text(error)))
            return Problem("unavailable", headers={"Retry-After": "5"})
    where = traceback.extract_tb(error.__traceback__)[-1]
    # The text of an error that is not the database's may repeat what was sent.
    told = error_text(error) if isinstance(error, psycopg.Error) else type(error).__name__
    request.app[DEPS].observe(RequestFailed(request[REQUEST_ID], told, f"{where.filename}:{where.lineno}"))
    return Problem("internal")


@web.middleware
async def allowed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in who may do what the route does; nobody where there is no route in the table."""
    route = route_of(request)
    if route is None:
        if isinstance(request.match_info.http_exception, web.HTTPException):
            raise request.match_info.http_exception
        raise Problem("not_found")
    public_url = request.app[DEPS].options.public_url
    # Also without a cookie: a proxy may add what shows who it is from, and a sign-in must be the reader's own.
    if route.media == HTML and request.method not in SAFE and not is_same_origin(request, public_url):
        raise Problem("cross_site")
    if route.action is not Open.ANYBODY:
        request[VISIT] = await _visit(request, route)
    return await handler(request)


async def _visit(request: web.Request, route: Route) -> Visit:
    named = _named_clinic(request)
    principal = await _principal(request, named)
    if isinstance(route.action, Open):
        return Visit(principal, None, request[REQUEST_ID], request[ADDRESS])
    try:
        clinic_id = clinic_of(principal, route.action, named)
    except Refused as error:
        take_denied(request.app[DEPS], principal, named, route.rate)  # before anything is written
        if error.code == "forbidden":
            await _tell_denied(request, principal, route.action, named)
        if error.code == "clinic_needed":
            raise Problem(error.code, members={"clinics": sorted(principal.roles)}) from None
        raise
    return Visit(principal, clinic_id, request[REQUEST_ID], request[ADDRESS])


async def _tell_denied(request: web.Request, principal: Principal, action: str, named: str | None) -> None:
    own = named if named in principal.roles else next(iter(principal.roles), None)
    where = "" if named is None else f" at clinic {named}"
    await record_denied(
        request.app[DEPS].pool,
        principal,
        action,
        own,
        f"{request.method} {request.path}{where}",
        request[REQUEST_ID],
        request[ADDRESS],
    )


async def _principal(request: web.Request, named: str | None) -> Principal:
    deps = request.app[DEPS]
    if not shows_something(request):
        raise Problem("unauthenticated")
    try:
        return await identify(request, deps, named)
    except Unauthenticated as error:
        headers = {"Set-Cookie": NO_COOKIE} if isinstance(error, SessionOver) else {}
        note_refused(request, error, headers)
        raise Problem("unauthenticated", headers=headers) from None


def _named_clinic(request: web.Request) -> str | None:
    """The clinic that the URL names."""
    names = request.query.getall(CLINIC, [])
    if not names:
        return None
    if len(names) > 1 or not is_name(names[0]):
        raise Problem("invalid_parameter", errors=[{"path": f"/{CLINIC}", "message": "must be one clinic's id"}])
    return names[0]


@web.middleware
async def limited(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let so many requests through, and say how many are left."""
    route = route_of(request)
    assert route is not None  # allowed() let it in
    request[LIMITS] = take(request, route.rate)
    # A page reads its own parameters: a link of yesterday may have one more.
    if route.query is None and route.action is not Open.ANYBODY and not is_page(request):
        read_query(request, Query)
    try:
        return await handler(request)
    except Problem as problem:
        visit = request.get(VISIT)
        if visit is not None and problem.code in ("forbidden", "cannot_grant") and not isinstance(route.action, Open):
            await _tell_denied(request, visit.principal, route.action, visit.clinic_id)
        raise


IN_ORDER = (identified, in_one_shape, allowed, limited)

"""Errors in one shape: application/problem+json (RFC 9457), with a code that programs can rely on."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aiohttp import web

# What each code says; docs/authentication.md is tested against it.
CODES: Mapping[str, tuple[HTTPStatus, str]] = {
    "unauthenticated": (HTTPStatus.UNAUTHORIZED, "No valid API key, token or session came with the request."),
    "cross_site": (HTTPStatus.FORBIDDEN, "A request with a session cookie must come from a page of this service."),
    "forbidden": (HTTPStatus.FORBIDDEN, "This is not allowed for you, or not at this clinic."),
    "cannot_grant": (HTTPStatus.FORBIDDEN, "Nobody can grant more than they hold themselves."),
    "clinic_needed": (HTTPStatus.BAD_REQUEST, "Say which clinic is meant: ?clinic_id=..."),
    "invalid_parameter": (HTTPStatus.BAD_REQUEST, "A parameter of the URL is not valid."),
    "invalid_json": (HTTPStatus.BAD_REQUEST, "The body is not acceptable JSON."),
    "invalid_body": (HTTPStatus.UNPROCESSABLE_ENTITY, "Fields of the body are not valid; see errors."),
    "unsupported_media_type": (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body must be application/json in UTF-8."),
    "not_found": (HTTPStatus.NOT_FOUND, "There is no such thing."),
    "method_not_allowed": (HTTPStatus.METHOD_NOT_ALLOWED, "This method is not allowed here; see the header Allow."),
    "body_too_large": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large."),
    "bad_request": (HTTPStatus.BAD_REQUEST, "The request cannot be understood."),
    "limit_reached": (HTTPStatus.CONFLICT, "There are as many of these as there can be."),
    "portal_off": (HTTPStatus.CONFLICT, "OUTBOUND_WEBHOOKS_ADMIN_PUBLIC_URL is not set: there are no portal sessions."),
    "rate_limited": (HTTPStatus.TOO_MANY_REQUESTS, "Too many requests; see the header Retry-After."),
    "unavailable": (HTTPStatus.SERVICE_UNAVAILABLE, "The database cannot be reached, or is too busy; try again."),
    "internal": (HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong; the log has more under the request id."),
}


class Problem(Exception):
    """A request that is answered with an error.

    Args:
        code: one of CODES.
        detail: what is wrong with this request, without anything secret of it; what the code says by default.
        errors: for several fields: where (`path`) and what (`message`).
    """

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}


def problem_response(problem: Problem, request_id: str) -> web.Response:
    """The answer. `type` stays about:blank, so that `title` is the status' own phrase; `code` tells problems apart."""
    status, text = CODES[problem.code]
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "code": problem.code,
        "detail": problem.detail or text,
        "request_id": request_id,
    }
    if problem.errors:
        body["errors"] = [dict(error) for error in problem.errors]
    headers = {**problem.headers, "Cache-Control": "no-store"}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return web.Response(
        status=status, body=json.dumps(body).encode(), content_type="application/problem+json", headers=headers
    )

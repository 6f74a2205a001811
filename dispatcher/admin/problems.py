"""Errors in one shape: application/problem+json (RFC 9457), with a code that programs can rely on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

# What each code says; docs/authentication.md is tested against it.
CODES: Mapping[str, tuple[HTTPStatus, str]] = {
    "unauthenticated": (HTTPStatus.UNAUTHORIZED, "No valid API key, token or session came with the request."),
    "cross_site": (HTTPStatus.FORBIDDEN, "A request with a session cookie must come from a page of this service."),
    "forbidden": (HTTPStatus.FORBIDDEN, "This is not allowed for you, or not at this clinic."),
    "cannot_grant": (HTTPStatus.FORBIDDEN, "Nobody can grant more than they hold themselves."),
    "clinic_needed": (HTTPStatus.BAD_REQUEST, "Say which clinic is meant: ?clinic_id=..."),
    "invalid_parameter": (HTTPStatus.BAD_REQUEST, "Parameters of the URL are not valid; see errors."),
    "invalid_json": (HTTPStatus.BAD_REQUEST, "The body is not acceptable JSON."),
    "invalid_body": (HTTPStatus.UNPROCESSABLE_ENTITY, "Fields of the body are not valid; see errors."),
    "unsupported_media_type": (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body must be application/json in UTF-8."),
    "refused": (HTTPStatus.UNPROCESSABLE_ENTITY, "What is asked for is refused; see detail."),
    "not_found": (HTTPStatus.NOT_FOUND, "There is no such thing."),
    "method_not_allowed": (HTTPStatus.METHOD_NOT_ALLOWED, "This method is not allowed here; see the header Allow."),
    "body_too_large": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large."),
    "bad_request": (HTTPStatus.BAD_REQUEST, "The request cannot be understood."),
    "conflict": (HTTPStatus.CONFLICT, "Things are not in a state that allows this; see detail."),
    "limit_reached": (HTTPStatus.CONFLICT, "There are as many of these as there can be."),
    "sending_off": (
        HTTPStatus.CONFLICT,
        "This service sends nothing: it runs without OUTBOUND_WEBHOOKS_ENABLED=true, or without master keys.",
    ),
    "unusable_secret": (
        HTTPStatus.CONFLICT,
        "Nothing was sent: a signing key or a header of the endpoint cannot be used.",
    ),
    "verification_failed": (HTTPStatus.UNPROCESSABLE_ENTITY, "The test was not answered with 2xx; see test."),
    "portal_off": (HTTPStatus.CONFLICT, "OUTBOUND_WEBHOOKS_ADMIN_PUBLIC_URL is not set: there are no portal sessions."),
    "rate_limited": (HTTPStatus.TOO_MANY_REQUESTS, "Too many requests; see the header Retry-After."),
    "unavailable": (HTTPStatus.SERVICE_UNAVAILABLE, "The database cannot be reached, or is too busy; try again."),
    "internal": (HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong; the log has more under the request id."),
}


@dataclass(frozen=True)
class Wrong:
    """What is wrong with one field of a request."""

    path: Annotated[str, Field(description="Where, from the root of the body or the parameters: `/clinics/7`.")]
    message: str


@dataclass(frozen=True)
class ProblemDetails:
    """An error, as RFC 9457 writes it."""

    type: Literal["about:blank"]
    title: Annotated[str, Field(description="The phrase of the status.")]
    status: int
    code: Annotated[str, Field(description="What kind of error it is: for programs.")]
    detail: Annotated[str, Field(description="What is wrong with this request: for people.")]
    request_id: Annotated[str, Field(description="The log has it, too.")]
    errors: Annotated[list[Wrong], Field(description="Every field that is wrong, up to 50.")] = field(
        default_factory=list
    )
    test: Annotated[
        dict[str, Any], Field(description="Of `verification_failed`: what came of the test, as POST /test answers.")
    ] = field(default_factory=dict)
    clinics: Annotated[list[str], Field(description="Of `clinic_needed`: those that can be meant.")] = field(
        default_factory=list
    )


class Problem(Exception):
    """A request that is answered with an error.

    Args:
        code: one of CODES.
        detail: what is wrong with this request, without anything secret of it; what the code says by default.
        errors: for several fields: where (`path`) and what (`message`).
        members: what else the answer has, by name, as JSON.
    """

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        members: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.errors = errors
        self.members = members or {}
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
        **problem.members,
    }
    if problem.errors:
        body["errors"] = [dict(error) for error in problem.errors]
    headers = {**problem.headers, "Cache-Control": "no-store"}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return web.Response(
        status=status, body=json.dumps(body).encode(), content_type="application/problem+json", headers=headers
    )

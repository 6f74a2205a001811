"""The OpenAPI document, made from the table of routes: nothing is said of a route twice."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dispatcher.admin.authentication import COOKIE
from dispatcher.admin.origins import SAFE
from dispatcher.admin.problems import CODES, ProblemDetails
from dispatcher.admin.queries import CLINIC
from dispatcher.admin.routes import API, JSON, NUMBER, UUID, Open, Route, parameters, plain
from dispatcher.admin.schemas import Schema, Schemas
from dispatcher.admin.values import LARGEST_INTEGER, Name
from dispatcher.core.access import ACCESS, Role

VERSION = "1"  # of the API, which is all that anybody may know: not which release runs here
PROBLEM = "application/problem+json"

_ALWAYS = ("bad_request", "internal", "rate_limited", "unavailable")
_OF_SOMEBODY = ("invalid_parameter", "unauthenticated")
_OF_A_ROLE = ("clinic_needed", "forbidden")
_OF_A_BODY = ("body_too_large", "invalid_body", "invalid_json", "unsupported_media_type")

_OF_A_PATH: Mapping[str, Schema] = {
    NUMBER: {"type": "integer", "format": "int64", "minimum": 1, "maximum": LARGEST_INTEGER},
    UUID: {"type": "string", "format": "uuid"},
}

_SCHEMES: Schema = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, or a JSON Web Token of the host.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "A portal session. Requests that change something must come from a page of this service.",
    },
}


def describe(routes: Iterable[Route]) -> Schema:
    """The document, of the routes that answer with JSON or with nothing; the others are pages."""
    schemas = Schemas()
    paths: dict[str, Schema] = {}
    for route in routes:
        if route.media == JSON:
            paths.setdefault(plain(route.path), {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Outbound webhooks",
            "summary": "Endpoints, secrets, deliveries, test sends, roles, and the audit log.",
            "version": VERSION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{name: []} for name in _SCHEMES],
        "paths": paths,
        "components": {"schemas": schemas.shared(), "securitySchemes": _SCHEMES},
    }


def _operation(route: Route, schemas: Schemas) -> Schema:
    operation: Schema = {
        "operationId": getattr(route.handler, "__name__", ""),
        "summary": route.summary,
        "description": inspect.getdoc(route.handler) or "",
        "tags": [route.path.removeprefix(API).split("/")[1]],
        "x-action": str(route.action),
        "x-roles": _roles(route),
        "x-rate-class": route.rate.value,
        "parameters": list(_parameters(route, schemas)),
        "responses": {str(route.success): _success(route, schemas), **_problems(route, schemas)},
    }
    if route.action is Open.ANYBODY:
        operation["security"] = []
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": schemas.of(route.body, "validation")}},
        }
    return operation


def _roles(route: Route) -> list[str]:
    if route.action is Open.ANYBODY:
        return []
    return sorted(Role if route.action is Open.SOMEBODY else ACCESS[route.action])


def _parameters(route: Route, schemas: Schemas) -> Iterator[Schema]:
    for name, pattern in parameters(route.path).items():
        schema = _OF_A_PATH.get(pattern, {"type": "string", "pattern": f"^{pattern}$"})
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    if route.action is Open.ANYBODY:
        return
    yield {
        "name": CLINIC,
        "in": "query",
        "schema": schemas.of(Name, "validation"),
        "description": "Which clinic is meant; needed where one has several. Operators name any, or none.",
    }
    if route.query is not None:
        yield from schemas.parameters(route.query)


def _success(route: Route, schemas: Schemas) -> Schema:
    if route.answer is None:
        return {"description": "It is done."}
    summary = (inspect.getdoc(route.answer) or "").partition("\n")[0]
    return {"description": summary, "content": {JSON: {"schema": schemas.of(route.answer, "serialization")}}}


def problem_codes(route: Route) -> set[str]:
    """The codes of the errors that a route can answer with."""
    codes = {*_ALWAYS, *route.problems}
    if route.action is not Open.ANYBODY:
        codes.update(_OF_SOMEBODY)
        if route.method not in SAFE:
            codes.add("cross_site")
    if not isinstance(route.action, Open):
        codes.update(_OF_A_ROLE)
    if route.body is not None:
        codes.update(_OF_A_BODY)
    if parameters(route.path):
        codes.add("not_found")
    return codes


def _problems(route: Route, schemas: Schemas) -> Mapping[str, Schema]:
    by_status: dict[int, list[str]] = {}
    for code in sorted(problem_codes(route)):
        by_status.setdefault(int(CODES[code][0]), []).append(code)
    return {str(status): _problem(status, codes, schemas) for status, codes in sorted(by_status.items())}


def _problem(status: int, codes: list[str], schemas: Schemas) -> Schema:
    one_of_them = {"properties": {"code": {"enum": codes}}}
    found: dict[str, Any] = {
        "description": " ".join(f"`{code}`: {CODES[code][1]}" for code in codes),
        "content": {PROBLEM: {"schema": {"allOf": [schemas.of(ProblemDetails, "serialization"), one_of_them]}}},
    }
    if status in (429, 503):
        seconds = {"type": "integer", "minimum": 0}
        found["headers"] = {"Retry-After": {"required": True, "description": "In seconds.", "schema": seconds}}
    return found

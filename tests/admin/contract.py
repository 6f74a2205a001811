"""Answers of the API, held against the OpenAPI document: every test that asks over HTTP does this."""

import json
import re
from functools import cache

from jsonschema import Draft202012Validator

from dispatcher.admin.openapi import describe
from dispatcher.admin.routes import JSON, Route, parameters, plain
from dispatcher.admin.table import ROUTES

DOCUMENT = describe(ROUTES)


def check(method: str, path: str, status: int, media: str, text: str) -> None:
    """Fail if an answer is none of those that the document has for its route.

    Args:
        path: with or without a query.
        media: the Content-Type, without its parameters.
        text: the body.
    """
    route = route_of(method, path.partition("?")[0])
    if route is None:
        return
    where = f"{method} {route.path} -> {status}"
    responses = DOCUMENT["paths"][plain(route.path)][method.lower()]["responses"]
    assert str(status) in responses, f"{where} is not in the document: {text}"
    content = responses[str(status)].get("content")
    if content is None:
        assert text == "", f"{where} has no body"
        return
    assert media in content, f"{where} is not {media}"
    _validator(route, status, media).validate(json.loads(text))


def route_of(method: str, path: str) -> Route | None:
    """The route of a request, if the document has it."""
    for route in ROUTES:
        if route.method == method and route.media == JSON and pattern(route).fullmatch(path):
            return route
    return None


@cache
def pattern(route: Route) -> re.Pattern[str]:
    """What matches the paths of a route."""
    text = re.escape(plain(route.path))
    for name, inner in parameters(route.path).items():
        text = text.replace(re.escape(f"{{{name}}}"), f"(?:{inner or '[^/]+'})")
    return re.compile(text)


@cache
def _validator(route: Route, status: int, media: str) -> Draft202012Validator:
    response = DOCUMENT["paths"][plain(route.path)][route.method.lower()]["responses"][str(status)]
    schema = response["content"][media]["schema"]
    return Draft202012Validator({**schema, "components": DOCUMENT["components"]})

"""openapi.json, docs: what the API is, for programs and for people. Both say nothing that the source does not."""

import json
from functools import cache

from aiohttp import web

from dispatcher.admin.limits import RateClass
from dispatcher.admin.openapi import describe
from dispatcher.admin.page import STYLE_HASH, render
from dispatcher.admin.routes import API, Open, Route
from dispatcher.admin.routes import ROUTES as REGISTERED

POLICY = f"default-src 'none'; style-src '{STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


async def show_openapi(request: web.Request) -> web.Response:
    """The OpenAPI document."""
    return web.Response(body=_document(_routes(request)), content_type="application/json")


async def show_reference(request: web.Request) -> web.Response:
    """The same for people: a page without a script, and without anything from elsewhere."""
    return web.Response(
        text=_page(_routes(request)), content_type="text/html", headers={"Content-Security-Policy": POLICY}
    )


def _routes(request: web.Request) -> tuple[Route, ...]:
    return tuple(request.app[REGISTERED].values())


@cache
def _document(routes: tuple[Route, ...]) -> bytes:
    return json.dumps(describe(routes)).encode()


@cache
def _page(routes: tuple[Route, ...]) -> str:
    return render(describe(routes))


ROUTES = (
    Route(
        "GET",
        f"{API}/openapi.json",
        Open.ANYBODY,
        RateClass.READ,
        show_openapi,
        "This document",
        answer=dict,
    ),
    Route("GET", f"{API}/docs", Open.ANYBODY, RateClass.READ, show_reference, media="text/html"),
)

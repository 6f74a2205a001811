"""endpoints/{id}/test: a signed event to one endpoint, the whole request, and what was answered."""

from typing import Any

from aiohttp import web

from dispatcher.admin.api.answers import number_in_path
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.routes import Route
from dispatcher.admin.testing import send_test
from dispatcher.admin.ui.endpoint_pages import ENDPOINT, endpoint_of, endpoint_page
from dispatcher.admin.ui.forms import Invalid, inline
from dispatcher.admin.ui.urls import HTML
from dispatcher.admin.ui.wording.advice import advice


async def show_test(request: web.Request) -> web.Response:
    """What a test is, and the button that sends one."""
    return await _page(request)


async def test(request: web.Request) -> web.Response:
    """Send one; the page has what came of it, this once."""
    try:
        with inline():
            sent = await send_test(request.app[DEPS], request[VISIT], number_in_path(request, "id"))
    except Invalid as error:
        return await _page(request, 422, errors=error.errors)
    return await _page(request, sent=sent, advice=advice(sent.error_class, sent.http_status))


async def _page(request: web.Request, status: int = 200, **context: Any) -> web.Response:
    shown = {"sent": None, "advice": None, **context}
    return endpoint_page(request, "test", await endpoint_of(request), status, **shown)


ROUTES = (
    Route("GET", f"{ENDPOINT}/test", "endpoint.test", RateClass.READ, show_test, media=HTML),
    Route("POST", f"{ENDPOINT}/test", "endpoint.test", RateClass.TEST, test, media=HTML),
)

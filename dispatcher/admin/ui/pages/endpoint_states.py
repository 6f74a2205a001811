"""endpoints/{id}/pause, resume, retire: stopping what is sent to one, letting it go, ending it."""

from aiohttp import web

from dispatcher.admin.api.answers import number_in_path
from dispatcher.admin.api.endpoint_states import Pause, Resumption
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import endpoints
from dispatcher.admin.routes import Route
from dispatcher.admin.ui.endpoint_form import numbers
from dispatcher.admin.ui.endpoint_pages import ENDPOINT, endpoint_of, endpoint_page, path_of
from dispatcher.admin.ui.forms import Form, Invalid, inline, read_form
from dispatcher.admin.ui.frame import done
from dispatcher.admin.ui.pages.endpoint import overview
from dispatcher.admin.ui.urls import HTML


async def pause(request: web.Request) -> web.Response:
    """Send nothing more, and keep what is due."""
    endpoint_id, form = number_in_path(request, "id"), await read_form(request)
    try:
        with inline():
            body = form.model(Pause, {"reason": form.text("reason") or None})
            await endpoints.pause_endpoint(request.app[DEPS].pool, request[VISIT], endpoint_id, body.reason)
    except Invalid as error:
        return await overview(request, form, error.errors)
    return done(request, path_of(endpoint_id), "endpoint.paused")


async def resume(request: web.Request) -> web.Response:
    """Send again; what was kept at a rate."""
    endpoint_id, form = number_in_path(request, "id"), await read_form(request)
    try:
        with inline():
            body = numbers(form, ["drain_rate"], may_be_empty=["drain_rate"]).model(Resumption)
            await endpoints.resume_endpoint(request.app[DEPS].pool, request[VISIT], endpoint_id, body.drain_rate)
    except Invalid as error:
        return await overview(request, form, error.errors)
    return done(request, path_of(endpoint_id), "endpoint.resumed")


async def ask_retire(request: web.Request) -> web.Response:
    """What would be cancelled."""
    return await _asked(request, Form(), {})


async def retire(request: web.Request) -> web.Response:
    """End it for good."""
    endpoint_id, form = number_in_path(request, "id"), await read_form(request)
    try:
        with inline():
            body = form.model(Pause, {"reason": form.text("reason") or None})
            await endpoints.retire_endpoint(request.app[DEPS].pool, request[VISIT], endpoint_id, body.reason)
    except Invalid as error:
        return await _asked(request, form, error.errors)
    return done(request, path_of(endpoint_id), "endpoint.retired")


async def _asked(request: web.Request, form: Form, errors: dict[str, str]) -> web.Response:
    status = 422 if errors else 200
    return endpoint_page(request, "retire", await endpoint_of(request), status, form=form, errors=errors)


ROUTES = (
    Route("POST", f"{ENDPOINT}/pause", "endpoint.pause", RateClass.WRITE, pause, media=HTML),
    Route("POST", f"{ENDPOINT}/resume", "endpoint.resume", RateClass.WRITE, resume, media=HTML),
    Route("GET", f"{ENDPOINT}/retire", "endpoint.retire", RateClass.READ, ask_retire, media=HTML),
    Route("POST", f"{ENDPOINT}/retire", "endpoint.retire", RateClass.WRITE, retire, media=HTML),
)

"""endpoints/new: the form of a new endpoint, what its subscription would have chosen, and its key, shown once."""

from typing import Any

from aiohttp import web

from dispatcher.admin.api.endpoint_fields import NewEndpoint
from dispatcher.admin.deps import VISIT
from dispatcher.admin.endpoints import Unverified, make_endpoint
from dispatcher.admin.limits import RateClass
from dispatcher.admin.problems import Problem
from dispatcher.admin.routes import Route
from dispatcher.admin.ui.endpoint_form import wanted_endpoint
from dispatcher.admin.ui.endpoint_pages import ENDPOINTS, catalogue, name_of
from dispatcher.admin.ui.endpoint_preview import preview_beside, preview_of
from dispatcher.admin.ui.forms import Form, Invalid, inline, read_form
from dispatcher.admin.ui.frame import page
from dispatcher.admin.ui.urls import HTML
from dispatcher.admin.ui.wording.advice import advice
from dispatcher.core.backoff import DEFAULT_SCHEDULE

_PREFILLED = ("ordering", "max_in_flight", "timeout_seconds")


async def show_new(request: web.Request) -> web.Response:
    """The form, as an endpoint is without anything said."""
    defaults = [(name, str(NewEndpoint.model_fields[name].default)) for name in _PREFILLED]
    return await _form(request, Form([("event_types", "*"), *defaults]))


async def create(request: web.Request) -> web.Response:
    """Make an endpoint, and show its key; or the form again, with what is wrong."""
    form = await read_form(request)
    if form.flag("check"):
        return await _form(request, form)
    try:
        with inline():
            made = await make_endpoint(request, wanted_endpoint(form))
    except Invalid as error:
        return await _form(request, form, 422, errors=error.errors)
    except Unverified as error:
        told = advice(error.sent.error_class, error.sent.http_status)
        return await _form(request, form, 422, sent=error.sent, advice=told)
    return page(request, "endpoint/made.html", 201, endpoint=made, name=name_of(made), secret=made.secret)


async def preview(request: web.Request) -> web.Response:
    """A piece of HTML: what the subscription in a form would have chosen."""
    found = await preview_of(request, _clinic_of(request), await read_form(request))
    return page(request, "endpoint/_preview.html", 422 if found.errors else 200, preview=found)


async def _form(request: web.Request, form: Form, status: int = 200, **context: Any) -> web.Response:
    clinic_id = _clinic_of(request)
    found = await preview_beside(request, clinic_id, form)
    groups = await catalogue(request)
    shown = {"sent": None, "advice": None, "default_schedule": DEFAULT_SCHEDULE, **context}
    return page(
        request, "endpoint/new.html", status, form=form, groups=groups, preview=found, clinic_id=clinic_id, **shown
    )


def _clinic_of(request: web.Request) -> str:
    clinic_id = request[VISIT].clinic_id
    if clinic_id is None:
        raise Problem("clinic_needed")
    return clinic_id


ROUTES = (
    Route("GET", f"{ENDPOINTS}/new", "endpoint.create", RateClass.READ, show_new, media=HTML),
    Route("POST", f"{ENDPOINTS}/new", "endpoint.create", RateClass.WRITE, create, media=HTML),
    Route("POST", f"{ENDPOINTS}/preview", "event.read", RateClass.READ, preview, media=HTML),
)

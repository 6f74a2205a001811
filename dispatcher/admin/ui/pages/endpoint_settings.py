"""endpoints/{id}/settings, headers: the options of an endpoint, and what is added to its requests."""

from typing import Any

from aiohttp import web

from dispatcher.admin.api.answers import number_in_path
from dispatcher.admin.api.headers import NewHeaders
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.endpoints import change_endpoint
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations.headers import list_headers, set_headers
from dispatcher.admin.operations.signing_keys import list_signing_keys
from dispatcher.admin.routes import Route
from dispatcher.admin.ui.endpoint_form import changed_options, fields_of, read_headers
from dispatcher.admin.ui.endpoint_pages import ENDPOINT, catalogue, endpoint_of, endpoint_page, offered, path_of
from dispatcher.admin.ui.endpoint_preview import preview_beside
from dispatcher.admin.ui.forms import Form, Invalid, inline, read_form
from dispatcher.admin.ui.frame import done
from dispatcher.admin.ui.language import N_
from dispatcher.admin.ui.urls import HTML

NOTHING_GIVEN = N_("must have a line; to remove all headers there is a button of its own")


async def show_settings(request: web.Request) -> web.Response:
    """The options as they are."""
    return await settings(request)


async def change(request: web.Request) -> web.Response:
    """Change what differs from what the form showed; or the form again, with what is wrong."""
    endpoint_id, form = number_in_path(request, "id"), await read_form(request)
    if form.flag("check"):
        return await settings(request, form)
    try:
        with inline():
            await change_endpoint(request, endpoint_id, changed_options(form))
    except Invalid as error:
        return await settings(request, form, error.errors)
    return done(request, path_of(endpoint_id, "/settings"), "endpoint.changed")


async def put_headers(request: web.Request) -> web.Response:
    """Put headers in the place of all that there are."""
    endpoint_id, form = number_in_path(request, "id"), await read_form(request)
    try:
        given = read_headers(form.text("headers"))
        if not given:
            raise Invalid({"headers": NOTHING_GIVEN})
        with inline("headers"):
            wanted = form.model(NewHeaders, {"headers": given})
            await set_headers(request.app[DEPS].pool, request[VISIT], endpoint_id, wanted.headers)
    except Invalid as error:
        return await settings(request, None, error.errors, typed=form)
    return done(request, path_of(endpoint_id, "/settings"), "headers.changed")


async def ask_remove_headers(request: web.Request) -> web.Response:
    """Say which would go, and ask."""
    endpoint = await endpoint_of(request)
    found = await list_headers(request.app[DEPS].pool, request[VISIT], endpoint.endpoint_id)
    return endpoint_page(request, "remove_headers", endpoint, headers=found)


async def remove_headers(request: web.Request) -> web.Response:
    """Remove all that there are."""
    endpoint_id = number_in_path(request, "id")
    try:
        with inline("headers"):
            await set_headers(request.app[DEPS].pool, request[VISIT], endpoint_id, {})
    except Invalid as error:
        return await settings(request, None, error.errors)
    return done(request, path_of(endpoint_id, "/settings"), "headers.changed")


async def settings(
    request: web.Request,
    form: Form | None = None,
    errors: dict[str, str] | None = None,
    typed: Form | None = None,
) -> web.Response:
    """The page of the settings.

    Args:
        form: what was typed as options; None: they are shown as they are.
        typed: what was typed into another form of the page.
    """
    pool, visit = request.app[DEPS].pool, request[VISIT]
    endpoint, groups = await endpoint_of(request), await catalogue(request)
    fields = form if form is not None else fields_of(endpoint, offered(groups))
    context: dict[str, Any] = {
        "form": fields,
        "typed": typed or Form(),
        "errors": errors or {},
        "groups": groups,
        "preview": await preview_beside(request, endpoint.clinic_id, fields),
        "headers": await list_headers(pool, visit, endpoint.endpoint_id),
        "keys": (await list_signing_keys(pool, visit, endpoint.endpoint_id) if visit.may("signing_key.read") else None),
    }
    return endpoint_page(request, "settings", endpoint, 422 if errors else 200, **context)


_REMOVE_HEADERS = f"{ENDPOINT}/headers/remove"

ROUTES = (
    Route("GET", f"{ENDPOINT}/settings", "endpoint.change", RateClass.READ, show_settings, media=HTML),
    Route("POST", f"{ENDPOINT}/settings", "endpoint.change", RateClass.WRITE, change, media=HTML),
    Route("POST", f"{ENDPOINT}/headers", "header.set", RateClass.WRITE, put_headers, media=HTML),
    Route("GET", _REMOVE_HEADERS, "header.remove", RateClass.READ, ask_remove_headers, media=HTML),
    Route("POST", _REMOVE_HEADERS, "header.remove", RateClass.WRITE, remove_headers, media=HTML),
)

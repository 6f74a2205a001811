"""endpoints/{id}/rotate, keys: another signing key, shown once, and the end of one."""

from datetime import timedelta

from aiohttp import web
from psycopg.errors import NoDataFound

from dispatcher.admin.api.answers import number_in_path
from dispatcher.admin.api.signing_keys import Rotation
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations.signing_keys import list_signing_keys, revoke_signing_key, rotate_signing_key
from dispatcher.admin.routes import Route, number
from dispatcher.admin.ui.endpoint_form import numbers
from dispatcher.admin.ui.endpoint_pages import ENDPOINT, endpoint_of, endpoint_page, path_of
from dispatcher.admin.ui.forms import Form, Invalid, inline, read_form
from dispatcher.admin.ui.frame import done
from dispatcher.admin.ui.language import N_
from dispatcher.admin.ui.pages.endpoint_settings import settings
from dispatcher.admin.ui.urls import HTML

NO_HOURS = N_("must be a whole number of hours, from 0 to 168")


async def rotate(request: web.Request) -> web.Response:
    """Make a new key, and show it, this once."""
    endpoint_id, form = number_in_path(request, "id"), await read_form(request)
    try:
        overlap = _overlap(form)
        with inline("overlap_hours"):
            made = await rotate_signing_key(request.app[DEPS].pool, request[VISIT], endpoint_id, overlap, None)
    except Invalid as error:
        return await settings(request, None, error.errors, typed=form)
    endpoint = await endpoint_of(request)
    return endpoint_page(request, "rotated", endpoint, 201, secret=made.secret, overlap=overlap)


async def ask_revoke(request: web.Request) -> web.Response:
    """What the end of a key means."""
    return await _asked(request, {})


async def revoke(request: web.Request) -> web.Response:
    """Let a key sign no more."""
    endpoint_id, key_id = number_in_path(request, "id"), number_in_path(request, "key")
    try:
        with inline():
            await revoke_signing_key(request.app[DEPS].pool, request[VISIT], endpoint_id, key_id)
    except Invalid as error:
        return await _asked(request, error.errors)
    return done(request, path_of(endpoint_id, "/settings"), "signing_key.revoked")


async def _asked(request: web.Request, errors: dict[str, str]) -> web.Response:
    endpoint, key_id = await endpoint_of(request), number_in_path(request, "key")
    keys = await list_signing_keys(request.app[DEPS].pool, request[VISIT], endpoint.endpoint_id)
    key = next((key for key in keys if key.secret_id == key_id), None)
    if key is None:
        raise NoDataFound("the endpoint has no such signing key")
    others = sum(other.is_live for other in keys if other is not key)
    status = 422 if errors else 200
    return endpoint_page(request, "revoke", endpoint, status, key=key, others=others, errors=errors)


def _overlap(form: Form) -> timedelta:
    """For how long the keys before it go on signing.

    Raises:
        Invalid: the form does not say so.
    """
    hours = numbers(form, ["overlap_hours"]).options.get("overlap_hours")
    if not isinstance(hours, int):
        raise Invalid({"overlap_hours": NO_HOURS})
    try:
        return timedelta(seconds=form.model(Rotation, {"overlap_seconds": hours * 3600}).overlap_seconds)
    except Invalid:
        raise Invalid({"overlap_hours": NO_HOURS}) from None


KEY = f"{ENDPOINT}/keys/{number('key')}"

ROUTES = (
    Route("POST", f"{ENDPOINT}/rotate", "signing_key.rotate", RateClass.WRITE, rotate, media=HTML),
    Route("GET", f"{KEY}/revoke", "signing_key.revoke", RateClass.READ, ask_revoke, media=HTML),
    Route("POST", f"{KEY}/revoke", "signing_key.revoke", RateClass.WRITE, revoke, media=HTML),
)

"""API keys: which there are, making one, which is shown once, and revoking one."""

from aiohttp import web

from dispatcher.admin.api.answers import number_in_path
from dispatcher.admin.api.api_keys import NewApiKey, grantable, issue, require_grantable
from dispatcher.admin.cursors import cut
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import api_keys
from dispatcher.admin.queries import Page
from dispatcher.admin.routes import Route, number
from dispatcher.admin.ui.forms import Form, Invalid, inline, read_filters, read_form
from dispatcher.admin.ui.frame import done, page
from dispatcher.admin.ui.urls import HTML, UI

KEYS = f"{UI}/api-keys"


async def show_api_keys(request: web.Request) -> web.Response:
    """All of them, the newest first, and the form for another one."""
    return await _show(request, Form([("expires_in_days", "365")]), {}, 200)


async def make_api_key(request: web.Request) -> web.Response:
    """Make one: the answer shows it, this once."""
    form, visit = await read_form(request), request[VISIT]
    try:
        body = form.model(NewApiKey, _values(form))
        require_grantable(visit, body)
        with inline():
            made = await issue(request.app[DEPS].pool, visit, body)
    except Invalid as invalid:
        return await _show(request, form, invalid.errors, 422)
    return page(request, "api_keys/made.html", made=made)


def _values(form: Form) -> dict[str, object]:
    """The fields as the API's body has them."""
    return {
        "role": form.text("role"),
        "description": form.text("description"),
        "expires_in_days": form.whole("expires_in_days"),
    }


async def _show(request: web.Request, form: Form, errors: dict[str, str], status: int) -> web.Response:
    visit = request[VISIT]
    query, _ = read_filters(request, Page)
    (before,) = query.after(int) or (None,)
    found = await api_keys.list_api_keys(request.app[DEPS].pool, visit.clinic_id, before, query.limit + 1)
    keys, following = cut(found, query.limit, lambda key: key.api_key_id)
    return page(
        request,
        "api_keys/list.html",
        status,
        keys=keys,
        next=following,
        roles=[role.value for role in grantable(visit)],
        form=form,
        errors=errors,
    )


async def ask_revoke_api_key(request: web.Request) -> web.Response:
    """Say what revoking it does, and ask."""
    key = await api_keys.find_api_key(request.app[DEPS].pool, request[VISIT], number_in_path(request, "id"))
    return page(request, "api_keys/revoke.html", key=key)


async def revoke_api_key(request: web.Request) -> web.Response:
    """Revoke it."""
    await api_keys.revoke_api_key(request.app[DEPS].pool, request[VISIT], number_in_path(request, "id"))
    return done(request, KEYS, "api_key.revoked")


_REVOKE = f"{KEYS}/{number('id')}/revoke"

ROUTES = (
    Route("GET", KEYS, "api_key.read", RateClass.READ, show_api_keys, media=HTML),
    Route("POST", KEYS, "api_key.issue", RateClass.WRITE, make_api_key, media=HTML),
    Route("GET", _REVOKE, "api_key.revoke", RateClass.READ, ask_revoke_api_key, media=HTML),
    Route("POST", _REVOKE, "api_key.revoke", RateClass.WRITE, revoke_api_key, media=HTML),
)

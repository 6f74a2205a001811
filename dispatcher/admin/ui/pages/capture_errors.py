"""Changes that could not be captured, and making their events: one, all of a watched table, or those of a time."""

from typing import Literal

from aiohttp import web

from dispatcher.admin.api.capture_errors import AT_ONCE, CHOICES, NewRecapture
from dispatcher.admin.cursors import cut
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import capture_errors, platform
from dispatcher.admin.operations.capture_errors import CaptureError, Recaptured
from dispatcher.admin.queries import Page
from dispatcher.admin.routes import Route
from dispatcher.admin.ui.filters import BEGINNING, out_of_order
from dispatcher.admin.ui.forms import Form, Invalid, form_of_query, inline, read_filters, read_form
from dispatcher.admin.ui.frame import done, page
from dispatcher.admin.ui.language import N_
from dispatcher.admin.ui.local_times import LocalMoment, zoned
from dispatcher.admin.ui.pages.operations import OPERATIONS
from dispatcher.admin.ui.urls import HTML
from dispatcher.admin.values import Text

LEDGER = f"{OPERATIONS}/capture-errors"
RECAPTURE = f"{OPERATIONS}/recapture"
_NOTHING = N_("Say which changes: a watched table, a time, or all of them.")
_IS_OPEN = {"true": True, "false": False, "all": None}


class LedgerFilters(Page):
    """Which changes; times may come without a zone, as forms send them."""

    source: Text | None = None
    since: LocalMoment | None = None
    until: LocalMoment | None = None
    is_open: Literal["true", "false", "all"] = "true"  # what is still due


async def show_ledger(request: web.Request) -> web.Response:
    """The changes that are asked for, the newest first; nothing, where it cannot be meant."""
    query, wrong = read_filters(request, LedgerFilters)
    (before,) = query.after(int) or (None,)
    wrong |= out_of_order(query.since, query.until)
    pool, visit = request.app[DEPS].pool, request[VISIT]
    found: list[CaptureError] = []
    if not wrong:
        chosen = query.model_dump(include={"source", "since", "until"}) | {"is_open": _IS_OPEN[query.is_open]}
        found = await capture_errors.list_capture_errors(pool, visit, chosen, before, query.limit + 1)
    changes, following = cut(found, query.limit, lambda change: change.capture_error_id)
    return page(
        request,
        "operations/ledger.html",
        422 if wrong else 200,
        changes=changes,
        next=following,
        sources=await platform.source_names(pool, visit),
        filters=query,
        errors=wrong,
    )


async def ask_recapture(request: web.Request) -> web.Response:
    """Count the changes that are meant, and ask; without any, ask which."""
    form = form_of_query(request)
    is_chosen = any(form.text(name) for name in (*CHOICES, "all"))
    try:
        chosen = _chosen(form) if is_chosen else None
    except Invalid as invalid:
        return await _ask(request, form, None, invalid.errors, 422)
    counted = None if chosen is None else await _recapture(request, chosen, dry_run=True)
    return await _ask(request, form, counted, {}, 200)


async def recapture(request: web.Request) -> web.Response:
    """Make the events of so many of them as a request may; say what came of it, and how many are left."""
    form = await read_form(request)
    try:
        chosen = _chosen(form)
        with inline():
            came = await _recapture(request, chosen, dry_run=False)
    except Invalid as invalid:
        return await _ask(request, form, None, invalid.errors, 422)
    if came.left == 0:
        return done(request, LEDGER, "changes.recaptured")
    return page(request, "operations/recaptured.html", came=came, form=form, choices=_given(form), at_once=AT_ONCE)


async def _recapture(request: web.Request, chosen: NewRecapture, *, dry_run: bool) -> Recaptured:
    return await capture_errors.recapture(
        request.app[DEPS].pool, request[VISIT], chosen.model_dump(exclude={"dry_run"}), dry_run=dry_run
    )


async def _ask(
    request: web.Request, form: Form, counted: Recaptured | None, errors: dict[str, str], status: int
) -> web.Response:
    sources = await platform.source_names(request.app[DEPS].pool, request[VISIT])
    return page(
        request,
        "operations/recapture.html",
        status,
        counted=counted,
        form=form,
        choices=_given(form),
        at_once=AT_ONCE,
        sources=sources,
        errors=errors,
    )


def _given(form: Form) -> dict[str, str]:
    """What a form chooses, to be sent again."""
    return {name: form.text(name) for name in (*CHOICES, "all") if form.text(name)}


def _chosen(form: Form) -> NewRecapture:
    """What a form chooses.

    Raises:
        Invalid: nothing, or what cannot be meant.
    """
    if not _given(form):
        raise Invalid({"": _NOTHING})
    values: dict[str, object] = {name: form.text(name) or None for name in CHOICES}
    values["since"] = zoned(form.text("since")) or (BEGINNING if form.flag("all") else None)
    values["until"] = zoned(form.text("until")) or None
    values |= {name: form.whole(name) for name in ("capture_error_id", "after")}
    return form.model(NewRecapture, {name: value for name, value in values.items() if value is not None})


ROUTES = (
    Route("GET", LEDGER, "capture_error.read", RateClass.READ, show_ledger, media=HTML),
    Route("GET", RECAPTURE, "capture_error.recapture", RateClass.READ, ask_recapture, media=HTML),
    Route("POST", RECAPTURE, "capture_error.recapture", RateClass.WRITE, recapture, media=HTML),
)

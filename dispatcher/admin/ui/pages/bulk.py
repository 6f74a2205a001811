"""Many deliveries at once: first a page that counts them and says what will happen; confirmed, it happens."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from dispatcher.admin.api.cancellations import NewCancellation
from dispatcher.admin.api.replays import NewReplay
from dispatcher.admin.counting import counting
from dispatcher.admin.deps import DEPS, VISIT, now_of
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations.cancellations import AT_ONCE, Cancelled, cancel_deliveries
from dispatcher.admin.operations.endpoint_names import name_endpoints
from dispatcher.admin.operations.replays import start_replay
from dispatcher.admin.routes import Route
from dispatcher.admin.ui.filters import BEGINNING, SPANS
from dispatcher.admin.ui.forms import Form, Invalid, inline, read_form, whole
from dispatcher.admin.ui.frame import done, page
from dispatcher.admin.ui.local_times import zoned
from dispatcher.admin.ui.pages.deliveries import DELIVERIES
from dispatcher.admin.ui.urls import HTML, UI

BULK = f"{DELIVERIES}/bulk"
CANCEL = f"{BULK}/cancel"

_RATE = "100"


async def replay(request: web.Request) -> web.Response:
    """Count what is sent again; confirmed, begin, and lead to how far it is."""
    form, deps, visit = await read_form(request), request.app[DEPS], request[VISIT]
    rate = form.text("rate") or _RATE
    asked = {**_asked(request, form), "state": form.text("state") or None, "rate": whole(rate)}
    asked["error_class"] = form.text("error_class") or None
    begins = form.flag("confirmed")
    try:
        body = form.model(NewReplay, asked)
        with inline(), counting(deps, visit):
            found = await start_replay(deps.pool, visit, "replay", {**body.chosen(), "dry_run": not begins})
    except Invalid as invalid:
        return await _shown(request, "replays/count.html", asked, invalid.errors, rate=rate, count=None)
    if found.replay_id is not None:
        return done(request, f"{UI}/replays/{found.replay_id}", "replay.started")
    return await _shown(request, "replays/count.html", asked, rate=rate, count=found.deliveries)


async def cancel(request: web.Request) -> web.Response:
    """Count what is given up; confirmed, give up so many at once, and say how many are left."""
    form = await read_form(request)
    asked = {**_asked(request, form), "state": form.text("state") or None}
    reason, errors = form.text("reason"), dict[str, str]()
    cancelled: Cancelled | None = None
    count: Cancelled | None = None
    try:
        if form.flag("confirmed"):
            cancelled = await _cancel(request, form.model(NewCancellation, {**asked, "reason": reason}))
    except Invalid as invalid:
        errors = invalid.errors
    if cancelled is not None and not cancelled.more:
        return done(request, DELIVERIES, "deliveries.cancelled", **_filter(asked), state="cancelled")
    try:
        count = await _cancel(request, form.model(NewCancellation, {**asked, "dry_run": True}))
    except Invalid as invalid:
        errors |= invalid.errors
    return await _shown(
        request,
        "deliveries/count.html",
        asked,
        errors,
        reason=reason,
        count=count,
        cancelled=cancelled,
        at_once=AT_ONCE,
    )


async def _cancel(request: web.Request, body: NewCancellation) -> Cancelled:
    deps, visit = request.app[DEPS], request[VISIT]
    with inline(), counting(deps, visit):
        return await cancel_deliveries(deps.pool, visit, body.model_dump())


def _filter(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The list of the deliveries that are meant."""
    names = ("endpoint_id", "type", "resource", "resource_id", "since", "until")
    return {name: asked[name] for name in names if asked[name] != BEGINNING}


def _asked(request: web.Request, form: Form) -> dict[str, Any]:
    """Which deliveries a form means, as the bodies of the API say it. Where nothing is named, all of the clinic are."""
    last = form.text("last")
    since = zoned(form.text("since")) or ((now_of(request) - SPANS[last]).isoformat() if last in SPANS else None)
    asked = {
        "endpoint_id": form.whole("endpoint_id"),
        **{name: form.text(name) or None for name in ("type", "resource", "resource_id")},
        "since": since,
        "until": zoned(form.text("until")) or None,
    }
    if not any(asked.values()) and not form.text("error_class") and request[VISIT].clinic_id is not None:
        asked["since"] = BEGINNING
    return asked


async def _shown(
    request: web.Request, template: str, asked: Mapping[str, Any], errors: Mapping[str, str] | None = None, **more: Any
) -> web.Response:
    """The page that says what will happen, with the fields that mean the same when it is confirmed."""
    number = asked["endpoint_id"]
    named = await name_endpoints(request.app[DEPS].pool, request[VISIT], [number] if isinstance(number, int) else [])
    return page(
        request,
        template,
        422 if errors else 200,
        errors=errors or {},
        asked={"error_class": None, **asked},
        fields={name: value for name, value in asked.items() if value is not None and name != "rate"},
        is_all=asked["since"] == BEGINNING,
        endpoint=named.get(number) if isinstance(number, int) else None,
        **more,
    )


ROUTES = (
    Route("POST", BULK, "replay.start", RateClass.WRITE, replay, media=HTML),
    Route("POST", CANCEL, "delivery.cancel", RateClass.WRITE, cancel, media=HTML),
)

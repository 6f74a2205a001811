"""One delivery: where it stands, why and when next; its attempts and its request; sending it again or giving it up."""

from collections.abc import Mapping

from aiohttp import web

from dispatcher.admin.api.answers import number_in_path
from dispatcher.admin.api.deliveries import Cancelling
from dispatcher.admin.deps import DEPS, VISIT, now_of
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import deliveries
from dispatcher.admin.operations.events import find_body
from dispatcher.admin.operations.sent_requests import find_request
from dispatcher.admin.routes import Route, number
from dispatcher.admin.ui.bodies import as_file
from dispatcher.admin.ui.forms import Invalid, inline, read_form
from dispatcher.admin.ui.frame import done, page
from dispatcher.admin.ui.pages.deliveries import DELIVERIES
from dispatcher.admin.ui.requests import shown_request
from dispatcher.admin.ui.timeline import timeline
from dispatcher.admin.ui.urls import HTML
from dispatcher.core.envelope import user_agent


async def show_delivery(request: web.Request) -> web.Response:
    """All that is known of it."""
    return await _shown(request)


async def send_body(request: web.Request) -> web.Response:
    """The exact text that is sent, as a file."""
    found = await deliveries.find_delivery(
        request.app[DEPS].pool, request[VISIT], number_in_path(request, "id"), may_read_answers=False
    )
    return as_file(await find_body(request.app[DEPS].pool, request[VISIT], found.event_id), found.event_id)


async def retry(request: web.Request) -> web.Response:
    """Send it again, now."""
    delivery_id = number_in_path(request, "id")
    try:
        with inline():
            await deliveries.retry_delivery(request.app[DEPS].pool, request[VISIT], delivery_id)
    except Invalid as invalid:
        return await _shown(request, invalid.errors)
    return done(request, f"{DELIVERIES}/{delivery_id}", "delivery.retried")


async def cancel(request: web.Request) -> web.Response:
    """Give it up, with a reason."""
    delivery_id = number_in_path(request, "id")
    form = await read_form(request)
    reason = form.text("reason")
    try:
        body = form.model(Cancelling, {"reason": reason})
        with inline():
            await deliveries.cancel_delivery(request.app[DEPS].pool, request[VISIT], delivery_id, body.reason)
    except Invalid as invalid:
        return await _shown(request, invalid.errors, reason)
    return done(request, f"{DELIVERIES}/{delivery_id}", "delivery.cancelled")


async def _shown(request: web.Request, errors: Mapping[str, str] | None = None, reason: str = "") -> web.Response:
    """The page, with what is wrong with what was asked for."""
    deps, visit = request.app[DEPS], request[VISIT]
    found = await deliveries.find_delivery(
        deps.pool, visit, number_in_path(request, "id"), may_read_answers=visit.may("attempt.read_answer")
    )
    sent = await find_request(deps.pool, visit, found)
    agent = user_agent("…") if deps.sender is None else deps.sender.user_agent  # the dispatchers' version is theirs
    return page(
        request,
        "deliveries/one.html",
        422 if errors else 200,
        errors=errors or {},
        reason=reason,
        delivery=found,
        endpoint=sent,
        sent=shown_request(sent, str(found.event_id), agent, may_read_query=visit.may("endpoint.read_query")),
        timeline=timeline(found, now_of(request)),
        shows_answers=visit.may("attempt.read_answer"),
    )


_ONE = f"{DELIVERIES}/{number('id')}"

ROUTES = (
    Route("GET", _ONE, "delivery.read", RateClass.READ, show_delivery, media=HTML),
    Route("GET", f"{_ONE}/body", "event.explain", RateClass.READ, send_body, media=HTML),
    Route("POST", f"{_ONE}/retry", "delivery.retry", RateClass.WRITE, retry, media=HTML),
    Route("POST", f"{_ONE}/cancel", "delivery.cancel", RateClass.WRITE, cancel, media=HTML),
)

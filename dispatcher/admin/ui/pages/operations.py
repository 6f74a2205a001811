"""Operations: the whole system at a glance, its switches, and what the doctor finds. For operators."""

from aiohttp import web

from dispatcher.admin.api.platform import CaptureSwitched, DeliverySwitched
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import platform, switches
from dispatcher.admin.operations.backlog import show_backlog
from dispatcher.admin.operations.platform import PlatformState
from dispatcher.admin.operations.switches import Switch
from dispatcher.admin.problems import Problem
from dispatcher.admin.routes import Route
from dispatcher.admin.ui.forms import Form, Invalid, form_of_query, inline, read_form
from dispatcher.admin.ui.frame import done, page
from dispatcher.admin.ui.language import N_
from dispatcher.admin.ui.urls import HTML, UI
from dispatcher.admin.ui.wording.platform import SWITCHES
from dispatcher.telemetry.observations import PARTITIONS_WARN_BELOW_DAYS

OPERATIONS = f"{UI}/operations"
_WHY = N_("Say why: it stays with the switch, for those who look at it later.")


async def show_operations(request: web.Request) -> web.Response:
    """How the platform is doing."""
    state = await platform.show_platform(request.app[DEPS].pool, request[VISIT])
    return page(
        request, "operations/show.html", state=state, counts=counts(state), warn_below_days=PARTITIONS_WARN_BELOW_DAYS
    )


def counts(state: PlatformState) -> dict[str, int]:
    """What the page says first."""
    alive = [one for one in state.dispatchers if one.state == "alive"]
    return {
        "alive": len(alive),
        "delivering": sum(one.delivering for one in alive),
        "leaders": sum(one.is_leader for one in state.dispatchers),
        "silent": sum(one.state == "dead" for one in state.dispatchers),
        "versions": len({one.version for one in alive}),
        "ledger_open": sum(one.ledger_open for one in state.sources),
        "not_capturing": sum(not one.is_capturing for one in state.sources),
        "off": sum(not one.is_on for one in state.switches),
    }


async def show_findings(request: web.Request) -> web.Response:
    """What the doctor finds."""
    findings = await platform.examine(request.app[DEPS].pool, request[VISIT])
    return page(request, "operations/findings.html", findings=findings)


async def ask_switch(request: web.Request) -> web.Response:
    """Say what throwing a switch does, and ask why; without one, show which there are."""
    form = form_of_query(request)
    return await _ask(request, form, {}, 200) if form.text("switch") else done(request, OPERATIONS)


async def throw_switch(request: web.Request) -> web.Response:
    """Throw it."""
    form = await read_form(request)
    if not form.text("switch"):
        return done(request, OPERATIONS)
    try:
        with inline():
            await _throw(request, form)
    except Invalid as invalid:
        return await _ask(request, form, invalid.errors, 422)
    return done(request, OPERATIONS, "switch.changed")


async def _throw(request: web.Request, form: Form) -> None:
    pool, visit = request.app[DEPS].pool, request[VISIT]
    found, is_on = await _meant(request, form)
    if not form.text("reason"):
        raise Invalid({"reason": _WHY})
    values = {"is_on": is_on, "reason": form.text("reason")}
    if found.switch == "capture":
        capture = form.model(CaptureSwitched, {**values, "source": found.source})
        await switches.switch_capture(pool, visit, capture.source, capture.is_on, capture.reason)
    else:
        rate = form.whole("rate")
        delivery = form.model(DeliverySwitched, values | ({} if rate is None else {"rate": rate}))
        await switches.switch_delivery(pool, visit, delivery.is_on, delivery.reason, delivery.rate)


async def _meant(request: web.Request, form: Form) -> tuple[Switch, bool]:
    """The switch that a form is about, and whether it is to be on.

    Raises:
        Problem, psycopg.errors.NoDataFound: there is none.
    """
    if form.text("switch") not in SWITCHES or form.text("to") not in ("on", "off"):
        raise Problem("not_found")
    found = await switches.find_switch(
        request.app[DEPS].pool, request[VISIT], form.text("switch"), form.text("source") or None
    )
    return found, form.text("to") == "on"


async def _ask(request: web.Request, form: Form, errors: dict[str, str], status: int) -> web.Response:
    found, is_on = await _meant(request, form)
    backlog = await show_backlog(request.app[DEPS].pool, request[VISIT]) if found.switch == "delivery" else None
    return page(
        request,
        "operations/switch.html",
        status,
        switch=found,
        is_on=is_on,
        waiting=backlog.total if backlog else None,
        form=form,
        errors=errors,
    )


_SWITCH = f"{OPERATIONS}/switch"

ROUTES = (
    Route("GET", OPERATIONS, "platform.read", RateClass.READ, show_operations, media=HTML),
    Route("GET", f"{OPERATIONS}/findings", "platform.read", RateClass.READ, show_findings, media=HTML),
    Route("GET", _SWITCH, "platform.switch", RateClass.READ, ask_switch, media=HTML),
    Route("POST", _SWITCH, "platform.switch", RateClass.WRITE, throw_switch, media=HTML),
)

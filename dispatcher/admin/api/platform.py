"""platform: how it is doing, and its switches; for operators."""

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field

from dispatcher.admin.api.answers import answer
from dispatcher.admin.bodies import Body, read_body
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import platform, switches
from dispatcher.admin.operations.platform import Finding, PlatformState
from dispatcher.admin.operations.switches import DeliverySwitch, Switch
from dispatcher.admin.routes import API, Route
from dispatcher.admin.values import Text

Reason = Annotated[str, Field(min_length=1, max_length=500, description="Stays with the switch, for those who look.")]


class CaptureSwitched(Body):
    """Which switch of capture, and how it is to be."""

    is_on: bool
    source: Text | None = Field(None, description="The switch of this watched table; null: the one for all.")
    reason: Reason


class DeliverySwitched(Body):
    """How the switch of delivery is to be."""

    is_on: bool
    reason: Reason
    rate: Annotated[int, Field(ge=1, le=10_000)] = Field(
        100, description="On: of what waited, so many deliveries become due within a second."
    )


@dataclass(frozen=True)
class Findings:
    """What the doctor has to say, the worst first."""

    findings: list[Finding]


async def show_platform(request: web.Request) -> web.Response:
    """Dispatchers, switches, watched tables, what waits, what is in trouble, storage."""
    return answer(await platform.show_platform(request.app[DEPS].pool, request[VISIT]))


async def list_findings(request: web.Request) -> web.Response:
    """As far as the database can tell; the command `outbound-webhooks doctor` looks from outside, too."""
    return answer(Findings(await platform.examine(request.app[DEPS].pool, request[VISIT])))


async def switch_capture(request: web.Request) -> web.Response:
    """What is not captured while it is off is not told, and is in no ledger."""
    body = await read_body(request, CaptureSwitched)
    return answer(
        await switches.switch_capture(request.app[DEPS].pool, request[VISIT], body.source, body.is_on, body.reason)
    )


async def switch_delivery(request: web.Request) -> web.Response:
    """While it is off, what is captured waits. On: what waited is sent, the oldest first."""
    body = await read_body(request, DeliverySwitched)
    return answer(
        await switches.switch_delivery(request.app[DEPS].pool, request[VISIT], body.is_on, body.reason, body.rate)
    )


_PLATFORM = f"{API}/platform"

ROUTES = (
    Route(
        "GET",
        _PLATFORM,
        "platform.read",
        RateClass.READ,
        show_platform,
        "See how the platform is doing",
        answer=PlatformState,
    ),
    Route(
        "GET",
        f"{_PLATFORM}/findings",
        "platform.read",
        RateClass.READ,
        list_findings,
        "See what the doctor finds",
        answer=Findings,
    ),
    Route(
        "POST",
        f"{_PLATFORM}/switches/capture",
        "platform.switch",
        RateClass.WRITE,
        switch_capture,
        "Turn capture on or off, for all or for one watched table",
        answer=Switch,
        body=CaptureSwitched,
        problems=("not_found",),
    ),
    Route(
        "POST",
        f"{_PLATFORM}/switches/delivery",
        "platform.switch",
        RateClass.WRITE,
        switch_delivery,
        "Turn delivery on or off, for all dispatchers",
        answer=DeliverySwitch,
        body=DeliverySwitched,
    ),
)

"""healthz: that the process answers, for a service manager or a load balancer."""

from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from dispatcher.admin.api.answers import answer
from dispatcher.admin.limits import RateClass
from dispatcher.admin.routes import Open, Route


@dataclass(frozen=True)
class Health:
    """That it answers."""

    status: Literal["ok"]


async def healthz(_: web.Request) -> web.Response:
    """It answers."""
    return answer(Health("ok"))


ROUTES = (
    Route("GET", "/healthz", Open.ANYBODY, RateClass.READ, healthz, "Whether the process answers", answer=Health),
)

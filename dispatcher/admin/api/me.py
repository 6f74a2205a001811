"""me: who calls, and what they may do where."""

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field

from dispatcher.admin.api.answers import answer
from dispatcher.admin.deps import VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.routes import API, Open, Route
from dispatcher.core.access import ACCESS, Role, may
from dispatcher.core.identity import Way

Actions = Annotated[list[str], Field(description="What this role allows; dispatcher/core/access.py has them all.")]


@dataclass(frozen=True)
class Membership:
    """What one is at a clinic."""

    clinic_id: str
    role: Role
    actions: Actions


@dataclass(frozen=True)
class Me:
    """Who calls, their role at each of their clinics, and the actions that it allows."""

    via: Annotated[Way, Field(description="How they showed who they are.")]
    user: Annotated[str | None, Field(description="The person, as the host calls them; null: a machine.")]
    is_operator: bool
    actions: Annotated[list[str], Field(description="An operator's, at any clinic; else none.")]
    clinics: list[Membership]


async def show_me(request: web.Request) -> web.Response:
    """Who calls, their role at each of their clinics, and the actions that it allows."""
    principal = request[VISIT].principal
    return answer(
        Me(
            via=principal.way,
            user=principal.user,
            is_operator=principal.is_operator,
            actions=_actions(Role.OPERATOR) if principal.is_operator else [],
            clinics=[
                Membership(clinic_id, role, _actions(role)) for clinic_id, role in sorted(principal.roles.items())
            ],
        )
    )


def _actions(role: Role) -> list[str]:
    return sorted(action for action in ACCESS if may(role, action))


ROUTES = (
    Route("GET", f"{API}/me", Open.SOMEBODY, RateClass.READ, show_me, "Who calls, and what they may do", answer=Me),
)

"""me: who calls, and what they may do where."""

from aiohttp import web

from dispatcher.admin.api.answers import answer
from dispatcher.admin.deps import VISIT
from dispatcher.core.access import ACCESS, Role, may


async def show_me(request: web.Request) -> web.Response:
    """Who calls, their role at each of their clinics, and the actions that it allows."""
    principal = request[VISIT].principal
    return answer(
        {
            "via": principal.way,
            "user": principal.user,
            "is_operator": principal.is_operator,
            "actions": _actions(Role.OPERATOR) if principal.is_operator else [],
            "clinics": [
                {"clinic_id": clinic_id, "role": role, "actions": _actions(role)}
                for clinic_id, role in sorted(principal.roles.items())
            ],
        }
    )


def _actions(role: Role) -> list[str]:
    return sorted(action for action in ACCESS if may(role, action))

"""portal-sessions, logout: how people come and go, by a host's server that knows them."""

from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, Field, model_validator

from dispatcher.admin.api.answers import answer
from dispatcher.admin.api.api_keys import RoleName
from dispatcher.admin.authentication import COOKIE
from dispatcher.admin.bodies import Body, read_body
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import take_for_person
from dispatcher.admin.operations import portal
from dispatcher.admin.problems import Problem
from dispatcher.core.access import Role
from dispatcher.core.identity import MOST_CLINICS, Principal, Way, is_name, may_grant


def _name(text: str) -> str:
    if not is_name(text):
        raise ValueError("must be 1 to 200 readable characters, without a space at either end")
    return text


Name = Annotated[str, AfterValidator(_name)]


class NewPortalSession(Body):
    """Who the person is, and what they are at which clinic; or that they are an operator."""

    user: Name
    clinics: Annotated[dict[Name, RoleName], Field(max_length=MOST_CLINICS)] = Field(default_factory=dict)
    is_operator: bool = False

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "NewPortalSession":
        if self.is_operator == bool(self.clinics):
            raise ValueError("a session is for clinics, or an operator's: one of both")
        return self

    def roles(self) -> dict[str, Role]:
        """The role by clinic."""
        return {clinic_id: Role(role) for clinic_id, role in self.clinics.items()}


async def create_portal_session(request: web.Request) -> web.Response:
    """Make a session that waits to be opened; the answer has the URL for the person's browser, this once."""
    deps, visit = request.app[DEPS], request[VISIT]
    body = await read_body(request, NewPortalSession)
    # Only a key: a session that makes sessions would never end.
    if visit.principal.way is not Way.API_KEY:
        raise Problem("forbidden", "Portal sessions are asked for with an API key.")
    if not _may_grant_all(visit.principal, body):
        raise Problem("cannot_grant")
    if deps.options.public_url is None:
        raise Problem("portal_off")
    take_for_person(request, body.user)
    code, ends_at = await portal.create_portal_session(
        deps.pool, visit, body.user, body.roles(), deps.options.code_seconds
    )
    return answer({"url": f"{deps.options.public_url}/portal/{code}", "expires_at": ends_at}, status=201)


def _may_grant_all(principal: Principal, body: NewPortalSession) -> bool:
    if body.is_operator:
        return may_grant(principal, None, Role.OPERATOR)
    return all(may_grant(principal, clinic_id, role) for clinic_id, role in body.roles().items())


async def log_out(request: web.Request) -> web.Response:
    """End the session that the request came with."""
    visit = request[VISIT]
    if visit.principal.way is not Way.PORTAL_SESSION:
        raise Problem("forbidden", "Only a portal session can be ended.")
    await portal.end_portal_session(request.app[DEPS].pool, visit)
    response = web.Response(status=204)
    response.del_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Lax")
    return response

"""portal-sessions, logout: how people come and go, by a host's server that knows them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from dispatcher.admin.api.answers import answer
from dispatcher.admin.api.api_keys import RoleName
from dispatcher.admin.authentication import forget_session
from dispatcher.admin.bodies import Body, read_body
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass, take_for_person
from dispatcher.admin.operations import portal
from dispatcher.admin.problems import Problem
from dispatcher.admin.queries import Query, read_query
from dispatcher.admin.routes import API, Open, Route
from dispatcher.admin.values import Flag, Name
from dispatcher.core.access import Role
from dispatcher.core.identity import MOST_CLINICS, Principal, Way, may_grant

# What the validator below asks, in the words of JSON Schema.
_ONE_OF_BOTH: JsonDict = {
    "oneOf": [
        {
            "required": ["clinics"],
            "properties": {"clinics": {"minProperties": 1}, "is_operator": {"const": False}},
        },
        {
            "required": ["is_operator"],
            "properties": {"clinics": {"maxProperties": 0}, "is_operator": {"const": True}},
        },
    ]
}


class NewPortalSession(Body):
    """Who the person is, and what they are at which clinic; or that they are an operator."""

    model_config = ConfigDict(json_schema_extra=_ONE_OF_BOTH)

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


@dataclass(frozen=True)
class PortalSession:
    """A session that waits to be opened."""

    url: Annotated[str, Field(description="Where to send the person's browser; good once.")]
    expires_at: Annotated[datetime, Field(description="Until when it can be opened.")]


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
    return answer(PortalSession(f"{deps.options.public_url}/portal/{code}", ends_at), status=201)


def _may_grant_all(principal: Principal, body: NewPortalSession) -> bool:
    if body.is_operator:
        return may_grant(principal, None, Role.OPERATOR)
    return all(may_grant(principal, clinic_id, role) for clinic_id, role in body.roles().items())


class LogOut(Query):
    """Which sessions."""

    everywhere: Flag = Field(
        False, description="true: the person's others, too, which the same API key or the host's tokens vouched for."
    )


async def log_out(request: web.Request) -> web.Response:
    """End the session that the request came with; and the person's others, if that is asked for."""
    query = read_query(request, LogOut)
    pool, visit = request.app[DEPS].pool, request[VISIT]
    if visit.principal.way is not Way.PORTAL_SESSION:
        raise Problem("forbidden", "Only a portal session can be ended.")
    end = portal.end_portal_sessions if query.everywhere else portal.end_portal_session
    await end(pool, visit)
    response = web.Response(status=204)
    forget_session(response)
    return response


ROUTES = (
    Route(
        "POST",
        f"{API}/portal-sessions",
        "portal_session.issue",
        RateClass.PORTAL,
        create_portal_session,
        "Ask for a session for a person's browser; with an API key",
        answer=PortalSession,
        status=201,
        body=NewPortalSession,
        problems=("cannot_grant", "portal_off"),
    ),
    Route(
        "POST",
        f"{API}/logout",
        Open.SOMEBODY,
        RateClass.WRITE,
        log_out,
        "End the portal session that the request came with",
        query=LogOut,
        problems=("forbidden",),
    ),
)

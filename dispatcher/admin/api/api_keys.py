"""api-keys: of a clinic, or, for an operator who names none, of everybody."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, Field

from dispatcher.admin.api.answers import answer, number_in_path
from dispatcher.admin.bodies import Body, read_body
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import api_keys
from dispatcher.admin.operations.api_keys import ApiKey, IssuedApiKey
from dispatcher.admin.problems import Problem
from dispatcher.admin.routes import API, Route, number
from dispatcher.admin.values import READABLE
from dispatcher.core.access import Role
from dispatcher.core.identity import LONGEST_NAME, is_name, may_grant, role_named


def _role(text: str) -> str:
    role = role_named(text)
    if role is None:
        raise ValueError(f"must be one of {', '.join(Role)}")
    return role.value


def _readable(text: str) -> str:
    if text and not is_name(text):
        raise ValueError("must be at most 200 readable characters, without a space at either end")
    return text


# Hosts write roles in capitals, too.
RoleName = Annotated[str, AfterValidator(_role), Field(json_schema_extra={"enum": [*Role]})]


class NewApiKey(Body):
    """A key to be made for the clinic of the request."""

    role: RoleName
    description: Annotated[
        str, AfterValidator(_readable), Field(max_length=LONGEST_NAME, json_schema_extra=READABLE)
    ] = ""
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] | None = None


@dataclass(frozen=True)
class ApiKeys:
    """The keys of a clinic; of all, and the operators' own, if the request names none."""

    api_keys: list[ApiKey]


async def list_api_keys(request: web.Request) -> web.Response:
    """The keys, without the keys."""
    return answer(ApiKeys(await api_keys.list_api_keys(request.app[DEPS].pool, request[VISIT].clinic_id)))


async def create_api_key(request: web.Request) -> web.Response:
    """Make a key; the answer has it this once."""
    visit = request[VISIT]
    body = await read_body(request, NewApiKey)
    role = Role(body.role)
    if not may_grant(visit.principal, visit.clinic_id, role):
        raise Problem("cannot_grant")
    expires_in = None if body.expires_in_days is None else timedelta(days=body.expires_in_days)
    issued = await api_keys.create_api_key(request.app[DEPS].pool, visit, role, body.description, expires_in)
    return answer(issued, status=201)


async def revoke_api_key(request: web.Request) -> web.Response:
    """Revoke a key: the next request with it is refused."""
    await api_keys.revoke_api_key(request.app[DEPS].pool, request[VISIT], number_in_path(request, "id"))
    return web.Response(status=204)


_KEYS = f"{API}/api-keys"

ROUTES = (
    Route(
        "GET",
        _KEYS,
        "api_key.read",
        RateClass.READ,
        list_api_keys,
        "List API keys, those that are no longer valid, too",
        answer=ApiKeys,
    ),
    Route(
        "POST",
        _KEYS,
        "api_key.issue",
        RateClass.WRITE,
        create_api_key,
        "Make an API key",
        answer=IssuedApiKey,
        status=201,
        body=NewApiKey,
        problems=("cannot_grant", "limit_reached"),
    ),
    Route(
        "DELETE",
        f"{_KEYS}/{number('id')}",
        "api_key.revoke",
        RateClass.WRITE,
        revoke_api_key,
        "Revoke an API key",
    ),
)

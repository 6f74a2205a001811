"""api-keys: of a clinic, or, for an operator who names none, of everybody."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, Field

from dispatcher.admin.api.answers import Next, answer, number_in_path
from dispatcher.admin.bodies import Body, read_body
from dispatcher.admin.cursors import cut
from dispatcher.admin.deps import DEPS, VISIT, Visit
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import api_keys
from dispatcher.admin.operations.api_keys import ApiKey, IssuedApiKey
from dispatcher.admin.problems import Problem
from dispatcher.admin.queries import Page, read_query
from dispatcher.admin.routes import API, Route, number
from dispatcher.admin.values import READABLE
from dispatcher.core.access import Role
from dispatcher.core.identity import LONGEST_NAME, is_name, may_grant, role_named
from dispatcher.db import Pool


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
    """The keys of a clinic; of all, and the operators' own, if the request names none. The newest first."""

    api_keys: list[ApiKey]
    next: Next


async def list_api_keys(request: web.Request) -> web.Response:
    """The keys, without the keys."""
    query = read_query(request, Page)
    (before,) = query.after(int) or (None,)
    found = await api_keys.list_api_keys(request.app[DEPS].pool, request[VISIT].clinic_id, before, query.limit + 1)
    return answer(ApiKeys(*cut(found, query.limit, lambda key: key.api_key_id)))


async def create_api_key(request: web.Request) -> web.Response:
    """Make a key; the answer has it this once."""
    body = await read_body(request, NewApiKey)
    require_grantable(request[VISIT], body)
    return answer(await issue(request.app[DEPS].pool, request[VISIT], body), status=201)


def grantable(visit: Visit) -> list[Role]:
    """The roles that a key may have which is made in this visit."""
    return [role for role in Role if may_grant(visit.principal, visit.clinic_id, role)]


def require_grantable(visit: Visit, body: NewApiKey) -> None:
    """Refuse a key that could do more than who makes it.

    Raises:
        Problem: it could.
    """
    if Role(body.role) not in grantable(visit):
        raise Problem("cannot_grant")


async def issue(pool: Pool, visit: Visit, body: NewApiKey) -> IssuedApiKey:
    """Make a key.

    Raises:
        psycopg.errors.ProgramLimitExceeded: there are too many.
    """
    expires_in = None if body.expires_in_days is None else timedelta(days=body.expires_in_days)
    return await api_keys.create_api_key(pool, visit, Role(body.role), body.description, expires_in)


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
        "List API keys, the newest first, those that are no longer valid, too",
        answer=ApiKeys,
        query=Page,
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

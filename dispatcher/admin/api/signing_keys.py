"""endpoints/{id}/rotate-secret, secrets: the keys that its requests are signed with. None is shown again."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from aiohttp import web
from pydantic import Field

from dispatcher.admin.api import endpoint_fields
from dispatcher.admin.api.answers import answer, number_in_path
from dispatcher.admin.api.endpoints import ENDPOINT
from dispatcher.admin.bodies import Body, read_body
from dispatcher.admin.deps import DEPS, VISIT
from dispatcher.admin.limits import RateClass
from dispatcher.admin.operations import signing_keys
from dispatcher.admin.operations.signing_keys import NewSigningKey, SigningKey
from dispatcher.admin.routes import Route, number


class Rotation(Body):
    """How keys change over."""

    overlap_seconds: Annotated[
        int,
        Field(
            ge=0,
            le=7 * 86_400,
            description="For how long the keys before it go on signing; 0: they end at once. A day if left out.",
        ),
    ] = 86_400
    secret: endpoint_fields.SigningKey | None = None


@dataclass(frozen=True)
class SigningKeys:
    """The signing keys of an endpoint, newest first, without the keys."""

    secrets: list[SigningKey]


async def rotate_secret(request: web.Request) -> web.Response:
    """Give an endpoint a new signing key; the answer has it this once."""
    body = await read_body(request, Rotation)
    made = await signing_keys.rotate_signing_key(
        request.app[DEPS].pool,
        request[VISIT],
        number_in_path(request, "id"),
        timedelta(seconds=body.overlap_seconds),
        body.secret,
    )
    return answer(made, status=201)


async def list_secrets(request: web.Request) -> web.Response:
    """When each key signs, without the keys."""
    found = await signing_keys.list_signing_keys(request.app[DEPS].pool, request[VISIT], number_in_path(request, "id"))
    return answer(SigningKeys(found))


async def revoke_secret(request: web.Request) -> web.Response:
    """Let a key sign no more."""
    await signing_keys.revoke_signing_key(
        request.app[DEPS].pool, request[VISIT], number_in_path(request, "id"), number_in_path(request, "key")
    )
    return web.Response(status=204)


ROUTES = (
    Route(
        "POST",
        f"{ENDPOINT}/rotate-secret",
        "signing_key.rotate",
        RateClass.WRITE,
        rotate_secret,
        "Give an endpoint a new signing key; those before it go on signing for a while",
        answer=NewSigningKey,
        status=201,
        body=Rotation,
        problems=("conflict", "limit_reached"),
    ),
    Route(
        "GET",
        f"{ENDPOINT}/secrets",
        "signing_key.read",
        RateClass.READ,
        list_secrets,
        "List the signing keys of an endpoint, without the keys",
        answer=SigningKeys,
    ),
    Route(
        "DELETE",
        f"{ENDPOINT}/secrets/{number('key')}",
        "signing_key.revoke",
        RateClass.WRITE,
        revoke_secret,
        "Let a signing key sign no more",
        problems=("conflict",),
    ),
)

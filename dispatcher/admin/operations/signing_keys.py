"""Signing keys of an endpoint: when each signs, a new one, the end of one. None is shown again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from psycopg.errors import NoDataFound
from psycopg.rows import class_row
from pydantic import Field

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.endpoint_rows import endpoint_of
from dispatcher.admin.operations.transaction import of_clinic
from dispatcher.db import Pool


@dataclass(frozen=True)
class SigningKey:
    """What can be known of a signing key afterwards."""

    secret_id: int
    created_at: datetime
    valid_until: Annotated[datetime | None, Field(description="Until when it signs; null: no end is set.")]
    is_live: Annotated[bool, Field(description="Whether it signs now.")]
    sealed_with: Annotated[
        str | None, Field(description="The id of the master key that it is sealed with; null: it is not sealed yet.")
    ]


@dataclass(frozen=True)
class NewSigningKey:
    """A signing key that was made just now."""

    secret_id: int
    secret: Annotated[str, Field(description="The key itself, which is shown this once.")]


async def list_signing_keys(pool: Pool, visit: Visit, endpoint_id: int) -> list[SigningKey]:
    """The signing keys of an endpoint, newest first, without the keys.

    Raises:
        NoDataFound: there is no such endpoint, or it is another clinic's; so do the functions below.
    """
    async with of_clinic(pool, visit) as connection:
        await endpoint_of(connection, visit, endpoint_id)
        async with connection.cursor(row_factory=class_row(SigningKey)) as cursor:
            await cursor.execute(
                "select k.secret_id, k.created_at, k.valid_until, k.is_live, k.sealed_with"
                " from outbound_webhooks.list_secrets(%s) as k order by k.secret_id desc",
                (endpoint_id,),
            )
            return await cursor.fetchall()


async def rotate_signing_key(
    pool: Pool, visit: Visit, endpoint_id: int, overlap: timedelta, secret: str | None
) -> NewSigningKey:
    """Give an endpoint a new signing key; those that it has go on signing for the overlap.

    Raises:
        psycopg.errors.ObjectNotInPrerequisiteState: the endpoint is retired.
        psycopg.errors.ProgramLimitExceeded: it has as many keys that sign as it may have.
    """
    async with of_clinic(pool, visit) as connection, connection.cursor(row_factory=class_row(NewSigningKey)) as cursor:
        await cursor.execute(
            "select r.secret_id, r.secret from outbound_webhooks.rotate_secret(%s, %s, %s) as r",
            (endpoint_id, overlap, secret),
        )
        made = await cursor.fetchone()
    assert made is not None
    return made


async def revoke_signing_key(pool: Pool, visit: Visit, endpoint_id: int, secret_id: int) -> None:
    """Let a signing key of an endpoint sign no more.

    Raises:
        NoDataFound: the endpoint has no such key, either.
        psycopg.errors.ObjectNotInPrerequisiteState: it is its only one.
    """
    async with of_clinic(pool, visit) as connection:
        cursor = await connection.execute(
            "select k.secret_id from outbound_webhooks.list_secrets(%s) as k where k.secret_id = %s",
            (endpoint_id, secret_id),
        )
        if await cursor.fetchone() is None:
            raise NoDataFound("the endpoint has no such signing key")
        await connection.execute("select outbound_webhooks.revoke_secret(%s)", (secret_id,))

"""API keys: making, listing, revoking, and finding out whom one stands for."""

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Annotated

import psycopg
from psycopg.rows import class_row
from pydantic import Field

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.transaction import of_visit
from dispatcher.admin.values import LARGEST_INTEGER
from dispatcher.core.access import Role
from dispatcher.core.credentials import RANDOM_BYTES, digest, is_right, read_api_key, secret_text, write_api_key
from dispatcher.core.identity import Principal, Way, key_name
from dispatcher.db import Pool


@dataclass(frozen=True)
class ApiKey:
    """What can be known of a key afterwards."""

    api_key_id: int
    clinic_id: str | None
    role: str
    description: str
    is_live: bool
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None


@dataclass(frozen=True, kw_only=True)
class IssuedApiKey(ApiKey):
    """A key that was made just now."""

    key: Annotated[str, Field(description="The key itself, which is shown this once.")]


async def find_principal(pool: Pool, text: str) -> Principal | None:
    """Whom a key stands for; None: nobody (any more).

    An unknown id, a wrong secret, an expired and a revoked key all take one look-up and one comparison.
    """
    parts = read_api_key(text)
    if parts is None:
        return None
    key_id, secret = parts
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "select digest, clinic_id, role, is_live, is_noted from outbound_webhooks.find_api_key(%s)", (key_id,)
        )
        row = await cursor.fetchone()
        expected, clinic_id, role, is_live, is_noted = row or (None, None, None, False, True)
        if not (is_right(secret, expected) and is_live):
            return None
        if not is_noted:
            await connection.execute("select outbound_webhooks.note_api_key_use(%s)", (key_id,))
    return Principal(
        way=Way.API_KEY,
        name=key_name(key_id),
        roles={} if clinic_id is None else {clinic_id: Role(role)},
        is_operator=clinic_id is None,
        number=key_id,
    )


async def create_api_key(
    pool: Pool, visit: Visit, role: Role, description: str, expires_in: timedelta | None
) -> IssuedApiKey:
    """Make a key for the clinic of the request, or for operators; returns the key itself, this once.

    Raises:
        psycopg.errors.ProgramLimitExceeded: there are too many.
    """
    secret = secret_text(secrets.token_bytes(RANDOM_BYTES))
    async with of_visit(pool, visit) as connection:
        cursor = await connection.execute(
            "select outbound_webhooks.create_api_key(%s, %s, %s, %s, %s)",
            (role.value, digest(secret), visit.clinic_id, description, expires_in),
        )
        row = await cursor.fetchone()
        assert row is not None
        async with connection.cursor(row_factory=class_row(ApiKey)) as typed:
            await typed.execute(_LIST, (visit.clinic_id, row[0] + 1, 1))
            created = await typed.fetchone()
    assert created is not None
    return IssuedApiKey(**asdict(created), key=write_api_key(row[0], secret))


async def list_api_keys(pool: Pool, clinic_id: str | None, before: int | None, limit: int) -> list[ApiKey]:
    """So many keys of a clinic at most, the newest first; of all, and the operators' own, if it is None.

    Args:
        before: those with a smaller id than this.
    """
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(ApiKey)) as cursor:
        await cursor.execute(_LIST, (clinic_id, before, limit))
        return await cursor.fetchall()


async def find_api_key(pool: Pool, visit: Visit, key_id: int) -> ApiKey:
    """A key of the clinic of the request; whosever it is, if it is about none.

    Raises:
        psycopg.errors.NoDataFound: there is none, or it is another clinic's.
    """
    for key in await list_api_keys(pool, visit.clinic_id, min(key_id + 1, LARGEST_INTEGER), 1):
        if key.api_key_id == key_id:
            return key
    raise psycopg.errors.NoDataFound("there is no such API key")


async def revoke_api_key(pool: Pool, visit: Visit, key_id: int) -> None:
    """Revoke a key of the clinic of the request; whosever it is, if it is about none.

    Raises:
        psycopg.errors.NoDataFound: there is none, or it is another clinic's.
    """
    async with of_visit(pool, visit) as connection:
        await connection.execute("select outbound_webhooks.revoke_api_key(%s, %s)", (key_id, visit.clinic_id))


_LIST = (
    "select k.api_key_id, k.clinic_id, k.role, k.description, k.is_live, k.created_at, k.created_by, k.expires_at,"
    " k.last_used_at, k.revoked_at, k.revoked_by from outbound_webhooks.list_api_keys(%s, %s, %s) as k"
)

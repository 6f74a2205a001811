"""Portal sessions: a host's server asks for one, a person opens it with a one-time code, and ends it."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from psycopg.types.json import Jsonb

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.transaction import of_visit, transaction
from dispatcher.core.access import Role
from dispatcher.core.credentials import RANDOM_BYTES, digest, secret_text
from dispatcher.core.identity import Principal, Way
from dispatcher.db import Pool


async def create_portal_session(
    pool: Pool, visit: Visit, user: str, roles: Mapping[str, Role], code_seconds: int
) -> tuple[str, datetime]:
    """Make a session that waits for its one-time code; no roles: an operator's. Returns the code, and when it ends.

    The request came with an API key that may grant these roles.
    """
    code = secret_text(secrets.token_bytes(RANDOM_BYTES))
    given = {clinic_id: role.value for clinic_id, role in roles.items()}
    async with of_visit(pool, visit) as connection:
        cursor = await connection.execute(
            "select code_ends_at from outbound_webhooks.create_portal_session(%s, %s, %s, %s, %s, %s)",
            (
                visit.principal.number,
                user,
                Jsonb(given),
                not given,
                digest(code),
                timedelta(seconds=code_seconds),
            ),
        )
        row = await cursor.fetchone()
    assert row is not None
    return code, row[0]


async def open_portal_session(pool: Pool, code: str, session_seconds: int, request_id: str, address: str) -> str | None:
    """Exchange a one-time code for the secret of a session's cookie; None: the code is not good (any more)."""
    secret = secret_text(secrets.token_bytes(RANDOM_BYTES))
    async with transaction(pool, "the holder of a one-time code", request_id, address) as connection:
        cursor = await connection.execute(
            "select outbound_webhooks.open_portal_session(%s, %s, %s)",
            (digest(code), digest(secret), timedelta(seconds=session_seconds)),
        )
        row = await cursor.fetchone()
    assert row is not None
    return None if row[0] is None else secret


async def find_principal(pool: Pool, secret: str, idle_seconds: int) -> Principal | None:
    """Whose session a cookie is; None: nobody's (any more)."""
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "select portal_session_id, user_id, roles, is_operator from outbound_webhooks.find_portal_session(%s, %s)",
            (digest(secret), timedelta(seconds=idle_seconds)),
        )
        row = await cursor.fetchone()
    if row is None:
        return None
    number, user, roles, is_operator = row
    return Principal(
        way=Way.PORTAL_SESSION,
        name=f"portal session {number}",
        roles={clinic_id: Role(role) for clinic_id, role in roles.items()},
        is_operator=is_operator,
        user=user,
        number=number,
    )


async def end_portal_session(pool: Pool, visit: Visit) -> None:
    """End the session that a request came with."""
    async with of_visit(pool, visit) as connection:
        await connection.execute("select outbound_webhooks.end_portal_session(%s)", (visit.principal.number,))

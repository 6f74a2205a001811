"""Portal sessions: a host's server asks for one, a person opens it with a one-time code, and ends it."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from dispatcher.admin.deps import Options, Visit
from dispatcher.admin.operations.transaction import of_visit
from dispatcher.core.access import Role
from dispatcher.core.credentials import RANDOM_BYTES, digest, is_secret, secret_text
from dispatcher.core.identity import Principal, Way, key_name, user_name
from dispatcher.db import Pool, transaction_of


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


class IsAnothers(Exception):
    """The code is good, but is not for whom the browser's session is for; nothing was done."""

    def __init__(self, principal: Principal) -> None:
        super().__init__("somebody else's code")
        self.principal = principal


async def open_portal_session(
    pool: Pool, code: str, options: Options, request_id: str, address: str, current: Principal | None, is_asked: bool
) -> str | None:
    """Exchange a one-time code for the secret of a session's cookie; None: the code is not good (any more).

    Args:
        current: whom the session is for that the browser has so far; it ends.
        is_asked: whether the person agreed to that.

    Raises:
        IsAnothers: the person has to be asked first; the code stays good.
    """
    secret = secret_text(secrets.token_bytes(RANDOM_BYTES))
    async with transaction_of(pool, "the holder of a one-time code", request_id, address) as connection:
        cursor = await connection.execute(
            "select outbound_webhooks.open_portal_session(%s, %s, %s)",
            (digest(code), digest(secret), timedelta(seconds=options.session_seconds)),
        )
        row = await cursor.fetchone()
        assert row is not None
        if row[0] is None:
            return None
        if current is not None:
            opened = await _find(connection, secret, options.idle_seconds, is_seen=True)
            if opened is None:  # its key ended in between
                return None
            if not is_asked and not _is_alike(current, opened):
                raise IsAnothers(opened)  # which rolls back
            await connection.execute("select outbound_webhooks.end_portal_session(%s)", (current.number,))
    return secret


def _is_alike(one: Principal, other: Principal) -> bool:
    """Whether two sessions are the same person's, for the same clinics.

    The name alone does not say it: whoever holds an API key of some clinic can have a session made in any name.
    """
    return (one.user, one.is_operator, one.roles.keys()) == (other.user, other.is_operator, other.roles.keys())


async def find_principal(pool: Pool, secret: str, idle_seconds: int, is_seen: bool = True) -> Principal | None:
    """Whose session a cookie is; None: nobody's (any more).

    Args:
        is_seen: whether this keeps the session awake.
    """
    if not is_secret(secret):
        return None
    async with pool.connection() as connection:
        return await _find(connection, secret, idle_seconds, is_seen)


async def _find(
    connection: AsyncConnection[TupleRow], secret: str, idle_seconds: int, is_seen: bool
) -> Principal | None:
    cursor = await connection.execute(
        "select portal_session_id, user_id, roles, is_operator, api_key_id"
        " from outbound_webhooks.find_portal_session(%s, %s, %s)",
        (digest(secret), timedelta(seconds=idle_seconds), is_seen),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    number, user, roles, is_operator, key_id = row
    # Not `API key 12 (portal session 5)`: who asks for a link could give its person the name of a key.
    name = f"portal session {number}" if user is not None else f"portal session {number} of {key_name(key_id)}"
    return Principal(
        way=Way.PORTAL_SESSION,
        name=name,
        roles={clinic_id: Role(role) for clinic_id, role in roles.items()},
        is_operator=is_operator,
        user=user,
        number=number,
        # A link's session has both: a key asked for it, for a user.
        stands_for=key_name(key_id) if user is None else user_name(user) if key_id is None else None,
    )


async def end_portal_session(pool: Pool, visit: Visit) -> None:
    """End the session that a request came with."""
    async with of_visit(pool, visit) as connection:
        await connection.execute("select outbound_webhooks.end_portal_session(%s)", (visit.principal.number,))


async def end_portal_sessions(pool: Pool, visit: Visit) -> None:
    """End the session that a request came with, and all others that are known to be the same person's."""
    async with of_visit(pool, visit) as connection:
        await connection.execute("select outbound_webhooks.end_portal_sessions(%s)", (visit.principal.number,))

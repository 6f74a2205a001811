"""Sessions without a link of the host's: who has an API key or a token shows it in a form, once."""

import secrets
from datetime import timedelta

from psycopg.types.json import Jsonb

from dispatcher.core.credentials import RANDOM_BYTES, digest, secret_text
from dispatcher.core.identity import Principal, Way
from dispatcher.db import Pool, transaction_of


async def sign_in(
    pool: Pool, who: Principal, lifetime: timedelta, request_id: str, address: str, current: Principal | None
) -> str | None:
    """Begin a session of somebody; returns the secret of its cookie. None: their key was revoked in between.

    Args:
        who: as their key or token says.
        lifetime: how long it lasts at most.
        current: whom the session is for that the browser has so far; it ends.
    """
    secret = secret_text(secrets.token_bytes(RANDOM_BYTES))
    async with transaction_of(pool, who.actor, request_id, address) as connection:
        if who.way is Way.API_KEY:
            cursor = await connection.execute(
                "select outbound_webhooks.sign_in_with_key(%s, %s, %s)", (who.number, digest(secret), lifetime)
            )
        else:
            roles = Jsonb({clinic_id: role.value for clinic_id, role in who.roles.items()})
            cursor = await connection.execute(
                "select outbound_webhooks.sign_in_with_token(%s, %s, %s, %s, %s)",
                (who.user, roles, who.is_operator, digest(secret), lifetime),
            )
        row = await cursor.fetchone()
        assert row is not None
        if row[0] is None:
            return None
        if current is not None:
            await connection.execute("select outbound_webhooks.end_portal_session(%s)", (current.number,))
    return secret

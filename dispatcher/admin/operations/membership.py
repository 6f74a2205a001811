"""What a person is at clinics, by the host's own table of members."""

from collections.abc import Collection

from psycopg import errors

from dispatcher.core.access import Role
from dispatcher.db import Pool


async def member_roles(pool: Pool, user: str, clinic_ids: Collection[str]) -> dict[str, Role]:
    """The role at each of these clinics, by clinic_role(); a clinic where they are nothing is missing.

    All of them are, where the host's function cannot read an id: a text that is no number, or none that its table could
    have. The URL names clinics, so that anybody could have it fail; what is wrong with it otherwise is an error.
    """
    try:
        async with pool.connection() as connection:
            cursor = await connection.execute(
                "select clinic_id, role from outbound_webhooks.member_roles(%s, %s)", (user, list(clinic_ids))
            )
            return {clinic_id: Role(role) for clinic_id, role in await cursor.fetchall()}
    except (errors.InvalidTextRepresentation, errors.NumericValueOutOfRange):
        return {}

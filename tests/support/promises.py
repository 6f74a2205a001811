"""The two promises of the doorbell, as the database has them."""

import asyncio

from tests.support.host import Host

STANDING = """
    select array(
        select name from unnest(array['awake_until', 'asleep_until']) as name
        where pg_sequence_last_value(('outbound_webhooks.' || name)::regclass)
            >= extract(epoch from clock_timestamp()) * 1000
    )
"""


async def until_lapsed(host: Host) -> None:
    """Wait until no promise stands: nobody is awake, and nobody asleep.

    Raises:
        TimeoutError: somebody goes on renewing.
    """
    await _until_standing(host, [])


async def until_writes_ring(host: Host) -> None:
    """Wait until somebody promises to sleep, and nobody to be awake: a write that follows at once rings.

    An observed sleep is not enough: on a slow machine it may begin before LISTEN does, and is promised only after that.

    Raises:
        TimeoutError: nobody sleeps, or somebody stays awake.
    """
    await _until_standing(host, ["asleep_until"])


async def _until_standing(host: Host, names: list[str]) -> None:
    async with asyncio.timeout(60):
        while host.value(STANDING) != names:  # noqa: ASYNC110 - nothing tells of a promise that was not renewed
            await asyncio.sleep(0.05)

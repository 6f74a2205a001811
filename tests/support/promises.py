"""The two promises of the doorbell, as the database has them."""

import asyncio

from tests.support.host import Host

STANDING = """
    select count(*) from unnest(array['awake_until', 'asleep_until']) as name
    where pg_sequence_last_value(('outbound_webhooks.' || name)::regclass)
        >= extract(epoch from clock_timestamp()) * 1000
"""


async def until_lapsed(host: Host) -> None:
    """Wait until no promise stands: nobody is awake, and nobody asleep.

    Raises:
        TimeoutError: somebody goes on renewing.
    """
    async with asyncio.timeout(30):
        while host.value(STANDING):  # noqa: ASYNC110 - nothing tells of a promise that was not renewed
            await asyncio.sleep(0.05)

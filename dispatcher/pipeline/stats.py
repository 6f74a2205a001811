"""One snapshot of the database's numbers every few seconds: a scrape or a health check never queries."""

import psycopg
from psycopg.rows import dict_row

from dispatcher.db import Pool, error_text
from dispatcher.pipeline.rest import rest
from dispatcher.telemetry.observations import DatabaseTrouble, Observe, StatsRefreshed

REFRESH_SECONDS = 10.0


async def refresh_stats(pool: Pool, fingerprint: str, observe: Observe) -> None:
    """Refresh until cancelled; `fingerprint` is that of this program's SQL functions."""
    while True:
        try:
            observe(await read_stats(pool, fingerprint))
        except (psycopg.Error, OSError) as error:
            observe(DatabaseTrouble("stats", error_text(error)))
        await rest(REFRESH_SECONDS)


async def read_stats(pool: Pool, fingerprint: str) -> StatsRefreshed:
    """The numbers of this moment."""
    async with pool.connection() as connection:
        cursor = await connection.cursor(row_factory=dict_row).execute(
            "select s.*, g.capture, g.delivering, b.fingerprint = %s as functions_match"
            " from outbound_webhooks.stats() as s, outbound_webhooks.settings as g,"
            " outbound_webhooks.schema_bundle as b",
            (fingerprint,),
        )
        row = await cursor.fetchone()
    assert row is not None
    return StatsRefreshed(**row)

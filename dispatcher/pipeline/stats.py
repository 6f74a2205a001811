"""One snapshot of the database's numbers every few seconds: a scrape or a health check never queries."""

import psycopg
from psycopg.rows import dict_row

from dispatcher.db import Pool, error_text
from dispatcher.pipeline.rest import rest
from dispatcher.telemetry.observations import DatabaseTrouble, Observe, StatsRefreshed

REFRESH_SECONDS = 10.0


async def refresh_stats(pool: Pool, fingerprint: str, environment: str | None, observe: Observe) -> None:
    """Refresh until cancelled; `fingerprint` is that of this program's functions, `environment` is where it runs."""
    while True:
        try:
            observe(await read_stats(pool, fingerprint, environment))
        except (psycopg.Error, OSError) as error:
            observe(DatabaseTrouble("stats", error_text(error)))
        await rest(REFRESH_SECONDS)


async def read_stats(pool: Pool, fingerprint: str, environment: str | None) -> StatsRefreshed:
    """The numbers of this moment."""
    async with pool.connection() as connection:
        cursor = await connection.cursor(row_factory=dict_row).execute(
            "select s.*, g.capture, g.delivery, g.delivering, b.fingerprint = %s as functions_match,"
            " outbound_webhooks.why_unarmed(%s) as unarmed"
            " from outbound_webhooks.stats() as s, outbound_webhooks.settings as g,"
            " outbound_webhooks.schema_bundle as b",
            (fingerprint, environment),
        )
        row = await cursor.fetchone()
    assert row is not None
    return StatsRefreshed(**row)

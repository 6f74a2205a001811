"""One snapshot of the database's numbers every few seconds: a scrape or a health check never queries."""

from dataclasses import fields

import psycopg
from psycopg.rows import dict_row

from dispatcher.db import Pool, error_text
from dispatcher.pipeline.rest import rest
from dispatcher.telemetry.observations import DatabaseTrouble, Observe, StatsRefreshed

REFRESH_SECONDS = 10.0


async def refresh_stats(pool: Pool, contract: int, environment: str | None, observe: Observe) -> None:
    """Refresh until cancelled; `contract`: what this program needs of the functions, `environment`: where it runs."""
    while True:
        try:
            observe(await read_stats(pool, contract, environment))
        except (psycopg.Error, OSError) as error:
            observe(DatabaseTrouble("stats", error_text(error)))
        await rest(REFRESH_SECONDS)


async def read_stats(pool: Pool, contract: int, environment: str | None) -> StatsRefreshed:
    """The numbers of this moment."""
    async with pool.connection() as connection:
        cursor = await connection.cursor(row_factory=dict_row).execute(
            "select s.*, g.capture, g.delivery, g.delivering,"
            " %s between b.oldest_contract and b.contract as functions_match,"
            " outbound_webhooks.why_unarmed(%s) as unarmed"
            " from outbound_webhooks.stats() as s, outbound_webhooks.settings as g,"
            " outbound_webhooks.schema_bundle as b",
            (contract, environment),
        )
        row = await cursor.fetchone()
    assert row is not None
    # By name: newer functions may say more.
    return StatsRefreshed(**{field.name: row[field.name] for field in fields(StatsRefreshed)})

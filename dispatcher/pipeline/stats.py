"""One snapshot of the database's numbers every few seconds: a scrape or a health check never queries."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg.rows import dict_row

from dispatcher.db import Pool, error_text
from dispatcher.pipeline.rest import rest
from dispatcher.telemetry.observations import DatabaseTrouble, Observe, StatsRefreshed
from dispatcher.telemetry.snapshot import EndpointStats, SourceStats, XminAge

REFRESH_SECONDS = 10.0

# One statement, so that all of it is of one moment.
_READ: LiteralString = """
    select
        s.*, g.capture, g.delivery, g.delivering,
        %(contract)s between b.oldest_contract and b.contract as functions_match,
        outbound_webhooks.why_unarmed(%(environment)s) as unarmed,
        array(select to_jsonb(source) from outbound_webhooks.source_stats() as source) as sources,
        array(select to_jsonb(oldest) from outbound_webhooks.xmin_ages() as oldest) as xmins
    from outbound_webhooks.stats(%(endpoints)s) as s, outbound_webhooks.settings as g,
        outbound_webhooks.schema_bundle as b
"""

T = TypeVar("T")


@dataclass(frozen=True)
class Snapshots:
    """Reads snapshots.

    Attributes:
        contract: what this program needs of the functions.
        environment: where it runs.
        endpoints: how many endpoints are told apart: those that fail, and the busiest.
    """

    pool: Pool
    contract: int
    environment: str | None
    endpoints: int

    async def refresh(self, observe: Observe) -> None:
        """Refresh until cancelled."""
        while True:
            try:
                observe(await self.read())
            except (psycopg.Error, OSError) as error:
                observe(DatabaseTrouble("stats", error_text(error)))
            await rest(REFRESH_SECONDS)

    async def read(self) -> StatsRefreshed:
        """The numbers of this moment."""
        started = time.perf_counter()
        async with self.pool.connection() as connection:
            cursor = await connection.cursor(row_factory=dict_row).execute(
                _READ,
                {"contract": self.contract, "environment": self.environment, "endpoints": self.endpoints},
            )
            row = await cursor.fetchone()
        assert row is not None
        row["endpoints"] = tuple(_by_name(EndpointStats, each) for each in row["endpoints"])
        row["sources"] = tuple(_by_name(SourceStats, each) for each in row["sources"])
        row["xmins"] = tuple(_by_name(XminAge, each) for each in row["xmins"])
        return _by_name(StatsRefreshed, {**row, "taken_at": time.time(), "seconds": time.perf_counter() - started})


def _by_name(kind: type[T], row: Mapping[str, Any]) -> T:
    """A value of a dataclass from a row: newer functions may say more."""
    return kind(**{field.name: row[field.name] for field in fields(kind)})  # type: ignore[arg-type]

"""Maintenance, by the leader only, whether or not delivery is enabled: partitions, sealing, parking, telling."""

import secrets
import time
from typing import Any, LiteralString

from psycopg import AsyncConnection

from dispatcher.core.sealing import NONCE_BYTES, Keyring, purpose_of, seal
from dispatcher.db import Pool
from dispatcher.pipeline.heartbeat import Heartbeat
from dispatcher.pipeline.leading import while_leading
from dispatcher.telemetry.observations import (
    DeliveriesSettled,
    Observe,
    ParkedEnded,
    PartitionsMade,
    SecretsSealed,
)

ROUND_SECONDS = 2.0
PARTITIONS_EVERY_SECONDS = 600.0
SETTLE_BATCH = 1000
SETTLE_BATCHES = 10  # a round: an endpoint with a million deliveries is parked little by little
END_PARKED_EVERY_SECONDS = 60.0


class Janitor:
    """What has to be done by one dispatcher, and does harm by none of them if two do it."""

    def __init__(
        self, pool: Pool, heartbeat: Heartbeat, keyring: Keyring, partition_days_ahead: int, observe: Observe
    ) -> None:
        self._pool = pool
        self._heartbeat = heartbeat
        self._keyring = keyring
        self._partition_days_ahead = partition_days_ahead
        self._observe = observe
        self._partitions_at = float("-inf")
        self._ended_at = float("-inf")

    async def run(self) -> None:
        """Work until cancelled, while leading."""
        await while_leading(self._heartbeat, "maintenance", self.round, ROUND_SECONDS, self._observe)

    async def round(self) -> None:
        """One round of everything that is due."""
        await self._seal_values()
        await self._settle_deliveries()
        if time.monotonic() - self._ended_at >= END_PARKED_EVERY_SECONDS:
            await self._end_parked()
        await self._tell_operations()
        if time.monotonic() - self._partitions_at >= PARTITIONS_EVERY_SECONDS:
            await self.make_partitions()

    async def make_partitions(self) -> None:
        """Make the partitions ahead; a starting dispatcher does it before anything else, leader or not."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "select * from outbound_webhooks.ensure_partitions(%s)", (self._partition_days_ahead,)
            )
            names = tuple(row[0] for row in await cursor.fetchall())
        self._partitions_at = time.monotonic()
        if names:
            self._observe(PartitionsMade(names))

    async def _seal_values(self) -> None:
        """Seal the signing keys and the header values that were set, or that a DBA inserted, in clear."""
        sealed = 0
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "select kind, id, clinic_id, endpoint_id, name, value, version from outbound_webhooks.unsealed_values()"
            )
            for kind, value_id, clinic_id, endpoint_id, name, value, version in await cursor.fetchall():
                nonce = secrets.token_bytes(NONCE_BYTES)
                text = seal(self._keyring, purpose_of(kind, name), clinic_id, endpoint_id, value, nonce)
                cursor = await connection.execute(
                    "select outbound_webhooks.replace_value(%s, %s, %s, %s)", (kind, value_id, version, text)
                )
                sealed += await cursor.fetchone() == (True,)
        if sealed:
            self._observe(SecretsSealed(sealed))

    async def _settle_deliveries(self) -> None:
        """Park, free or cancel what waits at endpoints whose state changed, batch by batch."""
        total = 0
        async with self._pool.connection() as connection:
            for _ in range(SETTLE_BATCHES):
                moved = await _number(connection, "select outbound_webhooks.settle_deliveries(%s)", SETTLE_BATCH)
                total += moved
                if moved < SETTLE_BATCH:
                    break
        if total:
            self._observe(DeliveriesSettled(total))

    async def _end_parked(self) -> None:
        """What is parked too long, or too many of one endpoint, is dead."""
        total = 0
        async with self._pool.connection() as connection:
            while (ended := await _number(connection, "select outbound_webhooks.end_parked(%s)", SETTLE_BATCH)) > 0:
                total += ended
        self._ended_at = time.monotonic()
        if total:
            self._observe(ParkedEnded(total))

    async def _tell_operations(self) -> None:
        """Operational events, for the endpoints that ask for them."""
        async with self._pool.connection() as connection:
            await connection.execute("select outbound_webhooks.tell_operations()")


async def _number(connection: AsyncConnection[Any], statement: LiteralString, *parameters: object) -> int:
    cursor = await connection.execute(statement, parameters)
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])

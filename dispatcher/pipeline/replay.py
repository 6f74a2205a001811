"""Replays, by the leader only: a batch every tenth of a second, as large as the replay's rate allows."""

import psycopg
from psycopg.rows import dict_row

from dispatcher.db import Pool, error_text
from dispatcher.pipeline.heartbeat import Heartbeat
from dispatcher.pipeline.rest import rest
from dispatcher.telemetry.observations import DatabaseTrouble, Observe, ReplayAdvanced

ROUND_SECONDS = 0.1  # half of what a batch spreads its deliveries over (77_advance_replay.sql)
IDLE_SECONDS = 1.0  # until a new replay is seen
BATCH = 100  # deliveries that are looked at first; each one costs, whether or not it is moved
MOST_BATCH = 500
BATCHES = 20  # a round and replay: one that finds little to move looks at twice as many in each


class Replayer:
    """Carries replays out, side by side. How far each is stands in the database: another leader goes on with it."""

    def __init__(self, pool: Pool, heartbeat: Heartbeat, observe: Observe) -> None:
        self._pool = pool
        self._heartbeat = heartbeat
        self._observe = observe

    async def run(self) -> None:
        """Work until cancelled, while leading."""
        while True:
            running = False
            if self._heartbeat.leading:
                try:
                    running = await self.round()
                except (psycopg.Error, OSError) as error:
                    self._observe(DatabaseTrouble("replay", error_text(error)))
            await rest(ROUND_SECONDS if running else IDLE_SECONDS)

    async def round(self) -> bool:
        """Advance every replay that runs; false if there is none."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "select id, kind from outbound_webhooks.replays where state = 'running' order by id"
            )
            replays = await cursor.fetchall()
        for replay_id, kind in replays:
            try:
                await self._advance(replay_id, kind)
            except psycopg.DatabaseError as error:  # of this one: the others go on
                self._observe(DatabaseTrouble("replay", error_text(error)))
        return bool(replays)

    async def _advance(self, replay_id: int, kind: str) -> None:
        """Batch after batch, as long as one only looked; each is a transaction of its own."""
        for number in range(BATCHES):
            async with self._pool.connection() as connection:
                cursor = await connection.cursor(row_factory=dict_row).execute(
                    "select * from outbound_webhooks.advance_replay(%s, %s)",
                    (replay_id, min(BATCH << number, MOST_BATCH)),
                )
                batch = await cursor.fetchone()
            if batch is None:  # stopped meanwhile
                return
            done = batch["state"] == "done"
            if batch["moved"] or batch["skipped"] or done:
                self._observe(ReplayAdvanced(replay_id, kind, batch["moved"], batch["skipped"], done))
            if not batch["look_again"]:
                return

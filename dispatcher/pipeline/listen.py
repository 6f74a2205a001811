"""LISTEN on a connection of its own: the doorbell sets an event. A hint, never data: the sweep stays on."""

import asyncio

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from dispatcher.db import Pool, connect, error_text
from dispatcher.pipeline.rest import rest
from dispatcher.telemetry.observations import ListenChanged, Observe, Woken

CHANNEL = "outbound_webhooks"
HEARTBEAT_SECONDS = 5.0
SELF_TEST_SECONDS = 5.0
MAX_BACKOFF_SECONDS = 30.0


class Listener:
    """Keeps LISTEN alive; `rung` is set by each notification, and after each (re)connect, as rings were missed."""

    def __init__(self, url: str, pool: Pool, observe: Observe) -> None:
        self.rung = asyncio.Event()
        self.listening = False
        self._url = url
        self._pool = pool
        self._observe = observe

    async def run(self, wake_up: str) -> None:
        """Listen until cancelled. Without LISTEN the dispatcher polls, and this goes on trying.

        With `wake_up` "poll" nobody listens, so no sleep is promised and no writer ever rings (PREPARE TRANSACTION
        cannot follow a NOTIFY).
        """
        if wake_up == "poll":
            self._changed(False, "settings.wake_up is poll")
            return
        backoff = 0.5
        while True:
            try:
                async with await connect(self._url) as connection:
                    await connection.execute(f"listen {CHANNEL}")
                    await self._prove(connection)
                    backoff = 0.5
                    self._changed(True, "self-test passed")
                    self.rung.set()
                    await self._follow(connection)
            except (psycopg.Error, OSError, TimeoutError) as error:
                self._changed(False, error_text(error))
                await rest(backoff)
                backoff = min(backoff * 2, MAX_BACKOFF_SECONDS)

    async def _prove(self, connection: AsyncConnection[TupleRow]) -> None:
        """Ring from another connection, and hear it: behind a transaction pooler LISTEN silently receives nothing."""
        async with self._pool.connection() as other:
            await other.execute("select pg_notify(%s, 'self-test')", (CHANNEL,))
        async for _ in connection.notifies(timeout=SELF_TEST_SECONDS, stop_after=1):
            return
        raise TimeoutError("LISTEN receives nothing: does the database URL lead through a transaction pooler?")

    async def _follow(self, connection: AsyncConnection[TupleRow]) -> None:
        while True:
            async for _ in connection.notifies(timeout=HEARTBEAT_SECONDS):
                self._observe(Woken("doorbell"))
                self.rung.set()
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await connection.execute("select 1")
            await rest(0)

    def _changed(self, listening: bool, reason: str) -> None:
        if listening != self.listening or not listening:
            self.listening = listening
            self._observe(ListenChanged(listening, reason))

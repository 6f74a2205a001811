"""LISTEN on a connection of its own: the doorbell sets an event. A hint, never data: the sweep stays on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from dispatcher.db import Pool, connect, error_text
from dispatcher.pipeline.rest import rest
from dispatcher.telemetry.observations import ListenChanged, Observe, Woken

CHANNEL = "outbound_webhooks"
HEARTBEAT_SECONDS = 5.0  # a change of settings.wake_up is seen within this
SELF_TEST_SECONDS = 5.0
FIRST_BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 30.0
SILENT_SECONDS = (
    300.0  # a pooler in transaction mode stays one: each try leaves a LISTEN there, until it is found again
)
UNLISTEN_TRIES = 20


class ListenSilent(Exception):
    """LISTEN was accepted, and nothing is heard."""


class ListenLost(Exception):
    """The session listens no longer: its LISTEN was taken back by somebody else, or it is another session."""


class Listener:
    """Keeps LISTEN alive; `rung` is set by each notification, and after each (re)connect, as rings were missed."""

    def __init__(self, url: str, pool: Pool, observe: Observe) -> None:
        self.rung = asyncio.Event()
        self.listening = False
        self._url = url
        self._pool = pool
        self._observe = observe
        self._backoff = FIRST_BACKOFF_SECONDS
        self._told: ListenChanged | None = None

    async def run(self) -> None:
        """Listen until cancelled. Without LISTEN the dispatcher polls, and this goes on trying.

        While settings.wake_up is poll nobody listens, so no sleep is promised and no writer ever rings (PREPARE
        TRANSACTION cannot follow a NOTIFY).
        """
        while True:
            try:
                if await self._is_wanted():
                    await self._listen()
                self._tell(ListenChanged(False, "settings.wake_up is poll", wanted=False))
                pause = HEARTBEAT_SECONDS
            except ListenSilent as error:
                self._tell(ListenChanged(False, str(error)))
                pause = SILENT_SECONDS
            except (psycopg.Error, OSError, TimeoutError, ListenLost) as error:
                self._tell(ListenChanged(False, error_text(error)))
                pause, self._backoff = self._backoff, min(self._backoff * 2, MAX_BACKOFF_SECONDS)
            await rest(pause)

    async def _is_wanted(self) -> bool:
        async with self._pool.connection() as connection:
            cursor = await connection.execute("select wake_up = 'doorbell' from outbound_webhooks.settings")
            return await cursor.fetchone() == (True,)

    async def _listen(self) -> None:
        """Listen for as long as settings.wake_up says so."""
        async with listening(self._url) as connection:
            try:
                async with self._pool.connection() as other:
                    await ring(other)
                if not await hears(connection):
                    raise ListenSilent("LISTEN receives nothing: does its URL lead through a transaction pooler?")
                self._backoff = FIRST_BACKOFF_SECONDS
                self._tell(ListenChanged(True, "self-test passed"))
                self.rung.set()
                await self._follow(connection)
            finally:
                self.listening = False

    async def _follow(self, connection: AsyncConnection[TupleRow]) -> None:
        while True:
            async for _ in connection.notifies(timeout=HEARTBEAT_SECONDS):
                self._observe(Woken("doorbell"))
                self.rung.set()
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                cursor = await connection.execute(
                    "select s.wake_up = 'doorbell', exists (select from pg_listening_channels() as c where c = %s)"
                    " from outbound_webhooks.settings as s",
                    (CHANNEL,),
                )
                row = await cursor.fetchone()
            assert row is not None
            is_wanted, is_listening = row
            if not is_wanted:
                return
            if not is_listening:
                raise ListenLost("its session listens no longer")
            await rest(0)

    def _tell(self, change: ListenChanged) -> None:
        self.listening = change.listening
        if change != self._told:
            self._told = change
            self._observe(change)


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[AsyncConnection[TupleRow]]:
    """A connection of its own on which LISTEN was given; taken back at the end, as a pooler may hand the session on."""
    async with await connect(url, "listen") as connection:
        async with connection.transaction():
            await connection.execute(f"listen {CHANNEL}")
            session = await _session(connection)
        try:
            yield connection
        finally:
            with suppress(psycopg.Error, OSError, TimeoutError):
                async with asyncio.timeout(SELF_TEST_SECONDS):
                    await _unlisten(connection, session)


async def ring(connection: AsyncConnection[TupleRow]) -> None:
    """Ring, to see whether it is heard."""
    await connection.execute("select pg_notify(%s, 'self-test')", (CHANNEL,))


async def hears(connection: AsyncConnection[TupleRow]) -> bool:
    """Whether a ring from another connection arrives: behind a transaction pooler LISTEN silently receives nothing."""
    async for _ in connection.notifies(timeout=SELF_TEST_SECONDS, stop_after=1):
        return True
    return False


async def _session(connection: AsyncConnection[TupleRow]) -> int:
    cursor = await connection.execute("select pg_backend_pid()")
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def _unlisten(connection: AsyncConnection[TupleRow], session: int) -> None:
    """Take LISTEN back where it was given: a transaction pooler may hand out another session meanwhile."""
    for _ in range(UNLISTEN_TRIES):
        async with connection.transaction():
            if await _session(connection) == session:
                await connection.execute(f"unlisten {CHANNEL}")
                return

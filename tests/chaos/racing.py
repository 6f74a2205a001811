"""The race between a writer that decides and commits later, and a dispatcher that falls asleep in between.

Each lane is a database with one dispatcher (the real worker, listener and recorder; nothing is sent) and one writer,
who waits for each payment to arrive before it writes the next: so a payment whose ring was lost cannot hide behind the
ring of another.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from psycopg import AsyncConnection

from dispatcher.core.model import Delivery, DeliveryState, Outcome, SendResult, Verdict
from dispatcher.db import open_pool
from dispatcher.pipeline.alertness import Rhythm
from dispatcher.pipeline.begin import Beginning
from dispatcher.pipeline.heartbeat import Heartbeat, register
from dispatcher.pipeline.listen import Listener
from dispatcher.pipeline.record import Recorder
from dispatcher.pipeline.worker import Worker
from dispatcher.telemetry.observations import ListenChanged, Observation, Observe, PhaseChanged, Woken
from tests.support.host import CLINIC, ENVIRONMENT

SUCCEEDED = Verdict(Outcome.SUCCEEDED, None, DeliveryState.SUCCEEDED)
INSERT = "insert into payment_transactions (clinic_id) values (%s) returning id"


@dataclass(frozen=True)
class Race:
    """What is raced: the dispatcher's rhythm, how late a writer commits, and how long a payment is waited for."""

    rhythm: Rhythm
    longest_delay: float  # from the trigger's decision to the commit
    longest_pause: float  # between two payments
    patience: float = 20.0

    async def run(self, urls: Sequence[str], seconds: float) -> "Tally":
        """Race in all lanes at once."""
        lanes = [_Lane(self) for _ in urls]
        async with asyncio.TaskGroup() as group:
            for lane, url in zip(lanes, urls, strict=True):
                group.create_task(lane.run(url, time.monotonic() + seconds))
        return Tally(*(sum(counts) for counts in zip(*(lane.tally.counts() for lane in lanes), strict=True)))


@dataclass
class Tally:
    """What happened."""

    payments: int = 0
    sleeps: int = 0
    doorbell: int = 0  # sleeps that a ring ended
    sweep: int = 0  # payments that a sleeper found by itself
    lost: int = 0  # payments that nobody found

    def counts(self) -> tuple[int, ...]:
        """The numbers."""
        return self.payments, self.sleeps, self.doorbell, self.sweep, self.lost

    def __str__(self) -> str:
        return (
            f"{self.payments} payments, {self.sleeps} sleeps, {self.doorbell} woken by the doorbell,"
            f" {self.sweep} found by the sweep, {self.lost} lost"
        )


class _Lane:
    def __init__(self, race: Race) -> None:
        self.tally = Tally()
        self._race = race
        self._asleep = False
        self._listening = asyncio.Event()
        self._arrived: dict[str, asyncio.Event] = {}

    async def run(self, url: str, until: float) -> None:
        """Pay again and again, and count."""
        async with (
            dispatcher_at(url, self._race.rhythm, self._send, self._observe),
            await AsyncConnection.connect(url) as writer,
        ):
            await self._listening.wait()
            while time.monotonic() < until:
                await asyncio.sleep(random.uniform(0, self._race.longest_pause))
                await self._pay(writer)

    async def _pay(self, writer: AsyncConnection[tuple[object, ...]]) -> None:
        row = await (await writer.execute(INSERT, (CLINIC,))).fetchone()
        assert row is not None
        arrived = self._arrived[str(row[0])] = asyncio.Event()
        await asyncio.sleep(random.uniform(0, self._race.longest_delay))
        await writer.commit()
        self.tally.payments += 1
        try:
            async with asyncio.timeout(self._race.patience):
                await arrived.wait()
        except TimeoutError:
            self.tally.lost += 1

    def _send(self, delivery: Delivery) -> SendResult:
        self._arrived[json.loads(delivery.body)["data"]["id"]].set()
        return SendResult(started_at=datetime.now(UTC), duration_ms=1, status=204)

    def _observe(self, observation: Observation) -> None:
        match observation:
            case ListenChanged(listening=True):
                self._listening.set()
            case PhaseChanged(phase):
                self._asleep = phase == "asleep"
                self.tally.sleeps += self._asleep
            case Woken("doorbell"):
                self.tally.doorbell += self._asleep
                self._asleep = False
            case Woken("sweep"):
                self.tally.sweep += 1
            case _:
                pass


@asynccontextmanager
async def dispatcher_at(
    url: str, rhythm: Rhythm, send: Callable[[Delivery], SendResult], observe: Observe
) -> AsyncIterator[None]:
    """A dispatcher in everything but its requests."""
    async with open_pool(url, 4) as pool, asyncio.TaskGroup() as group:
        dispatcher_id = await register(pool, "race", "0", delivering=True, environment=ENVIRONMENT)
        heartbeat = Heartbeat(pool, dispatcher_id, observe, asyncio.Event())
        recorder = Recorder(pool, dispatcher_id, observe)
        listener = Listener(url, pool, observe)

        async def deliver(delivery: Delivery) -> None:
            await recorder.record(delivery, send(delivery), SUCCEEDED)

        worker = Worker(
            pool=pool,
            dispatcher_id=dispatcher_id,
            ready=Beginning(pool, heartbeat, "drain", 1, observe).ready,
            deliver=deliver,
            listener=listener,
            observe=observe,
            concurrency=10,
            lease_margin=timedelta(seconds=15),
            rhythm=rhythm,
        )
        listening = group.create_task(listener.run())
        recording = group.create_task(recorder.run())
        working = group.create_task(worker.run())
        yield
        worker.stop()
        await working
        await worker.drain(5)
        recorder.close()
        await recording
        listening.cancel()

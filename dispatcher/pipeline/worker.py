"""The worker: claims what can start now, starts it, and decides how closely to look for more."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import psycopg

from dispatcher.core.headers import HeaderRefused
from dispatcher.core.model import Delivery
from dispatcher.core.sealing import SealingError
from dispatcher.core.signing import InvalidKey
from dispatcher.db import Pool, error_text
from dispatcher.egress.errors import LocalFailure
from dispatcher.pipeline.alertness import Alertness, Phase, Rhythm
from dispatcher.pipeline.claim import free_leases
from dispatcher.pipeline.listen import Listener
from dispatcher.pipeline.release import may_start, release
from dispatcher.pipeline.rest import rest
from dispatcher.pipeline.rotation import Rotation
from dispatcher.pipeline.slots import InFlight, Slots
from dispatcher.telemetry.observations import (
    DatabaseTrouble,
    DeliveryReleased,
    LeasesFreed,
    Observe,
    PhaseChanged,
    Woken,
)

Deliver = Callable[[Delivery], Awaitable[None]]
Ready = Callable[[], Awaitable[None]]  # returns once this dispatcher may claim

RECHECK_AFTER_SECONDS = 1.0  # claimed longer ago than this: ask again whether it may be sent
FREE_LEASES_EVERY_SECONDS = 1.0
RESTLESS_SECONDS = 0.2  # how long a new id is waited for: it is drawn before its transaction commits
GATHER_SECONDS = 0.005  # slots that become free within this are filled by one claim
RING_AGAIN_SECONDS = 1.0  # between two rings for the others
ERROR_PAUSE_SECONDS = 1.0
LOCAL_FAILURE_DELAY = timedelta(seconds=10)
UNUSABLE_DELAY = timedelta(minutes=5)


class Worker:
    """One claim loop; every claimed delivery is a task of its own, started at once."""

    def __init__(
        self,
        *,
        pool: Pool,
        dispatcher_id: int,
        ready: Ready,
        deliver: Deliver,
        listener: Listener,
        observe: Observe,
        concurrency: int,
        lease_margin: timedelta,
        rhythm: Rhythm | None = None,
    ) -> None:
        self._pool = pool
        self._dispatcher_id = dispatcher_id
        self._ready = ready
        self._deliver = deliver
        self._listener = listener
        self._observe = observe
        self._slots = Slots(concurrency)
        self._rotation = Rotation(pool, dispatcher_id, lease_margin, self._slots.share, observe)
        self._rhythm = rhythm or Rhythm()
        self._alertness = Alertness(time.monotonic(), self._rhythm)
        self._phase = Phase.AWAKE
        self._gathering = False
        self._more_waits = False  # beyond the slots: found by a claim that was cut short, or by a new id since
        self._rang_at = float("-inf")
        self._stopping = False
        self._freed_at = float("-inf")
        self._last_id = 0
        self._restless_until = 0.0

    @property
    def in_flight(self) -> int:
        """Deliveries claimed and not yet recorded."""
        return len(self._slots)

    def stop(self) -> None:
        """Claim nothing more; `run` returns."""
        self._stopping = True
        self._listener.rung.set()

    async def run(self) -> None:
        """Claim and start deliveries until stopped."""
        swept = False
        while not self._stopping:
            try:
                await self._keep_promise()
                await self._free_leases()
                if await self._claim_all():
                    self._alertness.last_work = time.monotonic()
                    if swept:
                        self._observe(Woken("sweep"))
                swept = await self._wait_for_work()
            except (psycopg.Error, OSError) as error:
                self._observe(DatabaseTrouble("claim", error_text(error)))
                await self._rung_within(ERROR_PAUSE_SECONDS)

    async def drain(self, grace_seconds: float) -> list[Delivery]:
        """Let what is in flight finish for up to `grace_seconds`; returns what had to be broken off."""
        if tasks := self._slots.tasks:
            await asyncio.wait(tasks, timeout=grace_seconds)
        broken_off = self._slots.deliveries
        while tasks := self._slots.tasks:  # again each second: a cancellation can be swallowed, see rest()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=1)
        return broken_off

    async def _free_leases(self) -> None:
        """Now and then: what is leased by a dispatcher that is dead, or leased too long, is as due as it was."""
        if time.monotonic() - self._freed_at >= FREE_LEASES_EVERY_SECONDS:
            self._freed_at = time.monotonic()
            held = [delivery.id for delivery in self._slots.deliveries]
            freed = await free_leases(self._pool, self._dispatcher_id, held)
            if freed:
                self._observe(LeasesFreed(freed))

    async def _claim_all(self) -> int:
        """Claim round after round until a rotation from the first endpoint on is complete, or no slot is free."""
        total, rotation, slots = 0, self._rotation, self._slots
        rotation.begin()
        while not (self._stopping or rotation.complete) and (free := slots.free) > 0:
            await self._ready()
            # Measured from before the claim: a process that is frozen while it waits for the answer notices.
            asked_at = time.monotonic()
            claimed = await rotation.round(free, slots.free_for_suspects, slots.by_clinic)
            for delivery in claimed:
                self._start(delivery, asked_at)
            total += len(claimed)
            self._more_waits = not rotation.complete
        return total

    def _start(self, delivery: Delivery, asked_at: float) -> None:
        task = asyncio.create_task(self._attempt(delivery, asked_at))
        self._slots.take(task, InFlight(delivery, asked_at))
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        was_full = self._slots.free <= 0
        ended = self._slots.give_back(task)
        makes_room = was_full or (ended.is_suspect and self._rotation.suspects_wait)
        if (makes_room or ended.delivery.clinic_id in self._rotation.hungry) and not self._gathering:
            self._gathering = True
            asyncio.get_running_loop().call_later(GATHER_SECONDS, self._gathered)

    def _gathered(self) -> None:
        self._gathering = False
        self._listener.rung.set()

    async def _attempt(self, delivery: Delivery, asked_at: float) -> None:
        """Deliver; and if a reason of our own keeps it from leaving, give the delivery back, uncharged."""
        try:
            late = time.monotonic() - asked_at > RECHECK_AFTER_SECONDS
            if not late or await may_start(self._pool, delivery):
                await self._deliver(delivery)
            else:
                reason = "its lease, its endpoint's state or one of its keys ended before it started"
                await self._release(delivery, reason, timedelta(0))
        except LocalFailure as error:
            await self._release(delivery, str(error), LOCAL_FAILURE_DELAY)
        except (SealingError, InvalidKey, HeaderRefused) as error:
            await self._release(delivery, str(error), UNUSABLE_DELAY)
        except Exception as error:  # one delivery that cannot be handled must not stop the others
            await self._release(delivery, f"unexpected {type(error).__name__}: {error}", UNUSABLE_DELAY)

    async def _release(self, delivery: Delivery, reason: str, delay: timedelta) -> None:
        self._observe(DeliveryReleased(delivery, reason))
        try:
            await release(self._pool, [delivery], delay=delay)
        except (psycopg.Error, OSError) as error:
            # The lease runs out by itself.
            self._observe(DatabaseTrouble("release", error_text(error)))

    async def _wait_for_work(self) -> bool:
        """Wait for a ring, a free slot, a new id or the sweep; true if it was the sweep of a sleeper."""
        looked_at = time.monotonic()
        while not self._stopping:
            now = time.monotonic()
            if now - looked_at >= self._rhythm.sweep:
                return self._alertness.phase(now) is Phase.ASLEEP
            if now >= self._rotation.look_again_at:
                return False
            interval = self._alertness.interval(now, listening=self._listener.listening)
            until = min(looked_at + self._rhythm.sweep, self._rotation.look_again_at)
            if await self._rung_within(min(interval, until - now)):
                if self._alertness.phase(time.monotonic()) is Phase.ASLEEP:
                    # What was written may be for a stopped endpoint: awake all the same, or each write would ring.
                    await self._has_new_id()
                return False
            await self._keep_promise()
            if self._alertness.phase(time.monotonic()) is Phase.ASLEEP and self._listener.listening:
                continue  # writers ring, for the others too
            if self._slots.free > 0:
                if await self._has_new_id():
                    return False
            elif self._more_waits:
                await self._ring_for_others()
            else:
                self._more_waits = await self._has_new_id()
        return False

    async def _rung_within(self, seconds: float) -> bool:
        await rest(0)
        rung = self._listener.rung
        try:
            async with asyncio.timeout(max(seconds, 0.001)):
                await rung.wait()
        except TimeoutError:
            return False
        rung.clear()
        return True

    async def _has_new_id(self) -> bool:
        """Peek at the deliveries' id sequence: as cheap as select 1, and it moves before the row can be seen."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "select case when is_called then last_value end from outbound_webhooks.delivery_ids"
            )
            row = await cursor.fetchone()
        now = time.monotonic()
        if row is not None and row[0] != self._last_id:
            self._last_id = row[0]
            self._restless_until = now + RESTLESS_SECONDS
            self._alertness.last_work = now
        return now < self._restless_until

    async def _ring_for_others(self) -> None:
        """Writers rely on this dispatcher, as it is awake; without a free slot it passes the ring on to a sleeper."""
        if time.monotonic() - self._rang_at >= RING_AGAIN_SECONDS:
            self._rang_at = time.monotonic()
            async with self._pool.connection() as connection:
                await connection.execute("select outbound_webhooks.ring_for_others(%s)", (self._dispatcher_id,))

    async def _keep_promise(self) -> None:
        phase = self._alertness.phase(time.monotonic())
        if phase is not self._phase:
            self._phase = phase
            self._observe(PhaseChanged(phase.value))
        due = self._alertness.promise_due(time.monotonic(), listening=self._listener.listening)
        if due is not None:
            kind, seconds = due
            try:
                async with self._pool.connection() as connection:
                    await connection.execute(
                        "select outbound_webhooks.promise(%s, %s)", (kind, timedelta(seconds=seconds))
                    )
            finally:
                self._alertness.promised(kind, time.monotonic())

"""The rotation of claims over the endpoints: where the next round begins, and what it need not look at."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from dispatcher.core.model import Delivery
from dispatcher.db import Pool
from dispatcher.pipeline.claim import EVERYTHING, Round, claim
from dispatcher.telemetry.observations import Claimed, Observe

# Endpoints that one round looks at: twice as many as gave all that it asked for, and more when they gave less.
LEAST_VISITS, MOST_VISITS = 20, 200
FULL_EVERY_SECONDS = 5.0  # a rotation that looks at everything: how late a payment of a long transaction is found


class Rotation:
    """Rounds of claiming, each beginning behind the endpoint where the one before ended.

    Most rounds look at nothing older than a watermark: dead rows of finished deliveries, which VACUUM cannot remove
    while a long transaction is open, would cost each of them. A full rotation every few seconds sets it anew.
    """

    def __init__(self, pool: Pool, dispatcher_id: int, lease_margin: timedelta, share: int, observe: Observe) -> None:
        self.complete = False
        self.hungry: set[str] = set()
        self.look_again_at = float("inf")
        self.suspects_wait = False  # as their part of the slots was used up
        self._pool = pool
        self._dispatcher_id = dispatcher_id
        self._lease_margin = lease_margin
        self._share = share
        self._observe = observe
        self._cursor = 0
        self._suspects_after = 0
        self._visits = LEAST_VISITS
        self._from_start = False
        self._watermark: datetime | str = EVERYTHING
        self._oldest: datetime | None = None  # seen by the full rotation that is under way
        self._full_at = float("-inf")

    def begin(self) -> None:
        """Claim round after round from here on until the rotation is complete."""
        self.complete = False
        self._from_start = False
        self.look_again_at = float("inf")

    async def round(self, limit: int, suspects: int, in_flight: Mapping[str, int]) -> tuple[Delivery, ...]:
        """One round: up to `limit` deliveries, of which up to `suspects` of endpoints that are suspect.

        `in_flight` counts requests of this dispatcher by clinic.
        """
        if self._cursor == 0:
            self._start()
        asked_at = time.monotonic()
        full = self._oldest is not None
        found = await claim(
            self._pool,
            self._dispatcher_id,
            limit,
            self._visits,
            self._cursor,
            in_flight,
            self._lease_margin,
            self._share,
            suspects,
            self._suspects_after,
            EVERYTHING if full else self._watermark,
        )
        now = time.monotonic()
        self._observe(Claimed(len(found.deliveries), found.visited, now - asked_at))
        if self._oldest is not None:
            self._oldest = min(self._oldest, found.oldest)
        self.hungry |= found.hungry
        if found.look_again_in is not None:
            self.look_again_at = min(self.look_again_at, now + found.look_again_in)
        served = [delivery.endpoint_id for delivery in found.deliveries if delivery.is_suspect]
        used_up = len(served) >= suspects
        self.suspects_wait |= used_up
        if used_up and served:
            self._suspects_after = max(served)
        self._cursor = found.cursor
        self._visits = next_visits(self._visits, limit, found)
        if self._cursor == 0:
            self._end(now, used_up)
        return found.deliveries

    def _start(self) -> None:
        self._from_start = True
        self.hungry.clear()
        self.suspects_wait = False
        if time.monotonic() - self._full_at >= FULL_EVERY_SECONDS:
            self._oldest = datetime.max.replace(tzinfo=UTC)

    def _end(self, now: float, used_up: bool) -> None:
        passed_over = self._suspects_after > 0 and not used_up  # they are in turn again
        if passed_over:
            self._suspects_after = 0
        self.complete = self._from_start and not passed_over
        if self._oldest is not None:
            self._watermark, self._oldest, self._full_at = self._oldest, None, now


def next_visits(visits: int, limit: int, found: Round) -> int:
    """How many endpoints the next round looks at: a round pays for each of them, and its answer waits for the last."""
    if len(found.deliveries) >= limit:
        return visits_for(len({delivery.endpoint_id for delivery in found.deliveries}))
    return min(MOST_VISITS, 2 * visits) if found.cursor else visits


def visits_for(served: int) -> int:
    """What a rotation settles on whose rounds get all that they ask for from so many endpoints."""
    return max(LEAST_VISITS, min(MOST_VISITS, 2 * served))

"""A dispatcher's slots: what it has in flight, for whom, and how much more it may claim."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from dispatcher.core.model import Delivery

SHARE = 4  # one clinic has at most a fourth of the slots: hanging receivers leave room for the others
# Endpoints that failed last, or never took anything, have at most half of the slots together. So does what takes this
# long: it may be about to fail, too.
SUSPECTS = 2
SLOW_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class InFlight:
    """A delivery, and the monotonic time before the claim that brought it."""

    delivery: Delivery
    asked_at: float

    @property
    def is_suspect(self) -> bool:
        """Whether it counts to the half of the slots that is for those that may hang."""
        return self.delivery.is_suspect or time.monotonic() - self.asked_at > SLOW_SECONDS


class Slots:
    """One slot for each task that delivers."""

    def __init__(self, concurrency: int) -> None:
        self.share = max(1, concurrency // SHARE)
        self._concurrency = concurrency
        self._taken: dict[asyncio.Task[None], InFlight] = {}
        self._by_clinic: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._taken)

    @property
    def free(self) -> int:
        """Slots that are not taken."""
        return self._concurrency - len(self._taken)

    @property
    def free_for_suspects(self) -> int:
        """How many of them may go to endpoints that are suspect."""
        held = sum(each.is_suspect for each in self._taken.values())
        return max(0, max(1, self._concurrency // SUSPECTS) - held)

    @property
    def by_clinic(self) -> Mapping[str, int]:
        """Slots taken, by clinic."""
        return self._by_clinic

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """Those that are not done."""
        return list(self._taken)

    @property
    def deliveries(self) -> list[Delivery]:
        """What they deliver."""
        return [each.delivery for each in self._taken.values()]

    def take(self, task: asyncio.Task[None], in_flight: InFlight) -> None:
        """Take one for a task."""
        self._taken[task] = in_flight
        self._by_clinic[in_flight.delivery.clinic_id] += 1

    def give_back(self, task: asyncio.Task[None]) -> InFlight:
        """The task is done; returns what it was for."""
        ended = self._taken.pop(task)
        clinic_id = ended.delivery.clinic_id
        self._by_clinic[clinic_id] -= 1
        if not self._by_clinic[clinic_id]:
            del self._by_clinic[clinic_id]
        return ended

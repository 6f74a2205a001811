"""A dispatcher's slots: how many are free, and for whom."""

import asyncio
import time

import pytest

from dispatcher.pipeline.slots import SLOW_SECONDS, InFlight, Slots
from tests.unit.examples import delivery

TRUSTED, SUSPECT = delivery(), delivery(is_suspect=True)


async def _nothing() -> None:
    pass


async def test_taken_and_given_back() -> None:
    """A slot for each task; what it was for is known until it ends, and counted for its clinic."""
    slots = Slots(4)
    tasks = [asyncio.create_task(_nothing()) for _ in range(3)]
    for task in tasks:
        slots.take(task, InFlight(TRUSTED, time.monotonic()))

    taken = (slots.free, len(slots), dict(slots.by_clinic), slots.deliveries, slots.tasks)
    ended = [slots.give_back(task).delivery for task in tasks]

    assert taken == (1, 3, {TRUSTED.clinic_id: 3}, [TRUSTED] * 3, tasks)
    assert ended == [TRUSTED] * 3
    assert (slots.free, len(slots), dict(slots.by_clinic)) == (4, 0, {})


async def test_half_for_suspects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Suspects hold their half; who is not one leaves it alone, until it is slow."""
    slots, now = Slots(10), time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for each in (SUSPECT, SUSPECT, TRUSTED, TRUSTED):
        slots.take(asyncio.create_task(_nothing()), InFlight(each, now))

    at_once = slots.free_for_suspects
    monkeypatch.setattr(time, "monotonic", lambda: now + SLOW_SECONDS + 0.1)
    later = slots.free_for_suspects

    assert (at_once, later) == (3, 1)


@pytest.mark.parametrize(("concurrency", "expected"), [(1, 1), (2, 1), (3, 1), (200, 100)])
def test_at_least_one(concurrency: int, expected: int) -> None:
    """A new endpoint is served by the smallest dispatcher, too."""
    assert Slots(concurrency).free_for_suspects == expected


@pytest.mark.parametrize(("concurrency", "expected"), [(1, 1), (3, 1), (200, 50)])
def test_a_share_for_a_clinic(concurrency: int, expected: int) -> None:
    """A fourth, and one at least."""
    assert Slots(concurrency).share == expected

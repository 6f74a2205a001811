"""The attempts of a delivery as they are drawn: along a line that begins when it was made, ever closer together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log1p

from dispatcher.admin.operations.deliveries import DeliveryDetails

WIDTH, MARGIN = 720, 24
_TICKS = (1, 10, 60, 600, 3600, 6 * 3600, 86_400, 4 * 86_400, 16 * 86_400)
_CLOSEST_TICKS = 60


@dataclass(frozen=True)
class Mark:
    """An attempt; `outcome`: how it ended, or `next`: it is to come."""

    x: float
    number: int
    outcome: str
    at: datetime


@dataclass(frozen=True)
class Tick:
    """So many seconds after the delivery was made."""

    x: float
    seconds: int


@dataclass(frozen=True)
class Timeline:
    """What is drawn: attempts, the oldest first, and a scale. `now`: where this moment is, if it is on it."""

    marks: Sequence[Mark]
    ticks: Sequence[Tick]
    now: float | None


def timeline(delivery: DeliveryDetails, now: datetime) -> Timeline:
    """The line of a delivery: it begins when that was made, and ends with its last or next attempt, or now."""
    begin = delivery.created_at
    times = [attempt.started_at for attempt in delivery.attempts]
    if delivery.finished_at is None:
        times += [now, *([delivery.next_attempt_at] if delivery.next_attempt_at else [])]
    whole = max([(at - begin).total_seconds() for at in times], default=1.0)
    whole = max(whole, 1.0)

    def place(at: datetime) -> float:
        return _place((at - begin).total_seconds(), whole)

    marks = [
        Mark(place(one.started_at), one.number, one.outcome, one.started_at) for one in reversed(delivery.attempts)
    ]
    if delivery.state == "pending" and delivery.next_attempt_at is not None:
        coming = max(delivery.next_attempt_at, now)
        marks.append(Mark(place(coming), delivery.attempt_count + 1, "next", coming))
    return Timeline(marks, _ticks(whole), place(now) if delivery.finished_at is None else None)


def _place(seconds: float, whole: float) -> float:
    share = log1p(min(max(seconds, 0.0), whole)) / log1p(whole)
    return round(MARGIN + share * (WIDTH - 2 * MARGIN), 1)


def _ticks(whole: float) -> list[Tick]:
    found: list[Tick] = []
    for seconds in _TICKS:
        x = _place(seconds, whole)
        if seconds <= whole and (not found or x - found[-1].x >= _CLOSEST_TICKS):
            found.append(Tick(x, seconds))
    return found

"""The windows of time in which lists are read: nothing is left out, nothing is read twice."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from dispatcher.admin.operations.windows import CLOCKS_DIFFER, EPOCH, EVERYTHING, LARGEST, Place, Window, floor, windows

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def at(moment: datetime, number: int = 0) -> Place:
    """The place of a row of an event of this moment."""
    event, _ = floor(moment)
    return event, number


def test_floor() -> None:
    """The UUID is that of uuid_v7_floor(): 48 bits of milliseconds, and zeros."""
    assert floor(EPOCH + timedelta(milliseconds=0xABC, microseconds=999)) == (UUID(int=0xABC << 80), 0)


def test_from_now_on_back() -> None:
    """Three days, and everything before that; what a clock ahead of ours wrote is in the first one."""
    assert list(windows(NOW, None, None, None)) == [
        Window(NOW - 3 * DAY, at(NOW + CLOCKS_DIFFER)),
        Window(EPOCH, at(NOW - 3 * DAY)),
    ]


@pytest.mark.parametrize("days", [0.5, 1, 5, 8, 30])
def test_since(days: float) -> None:
    """No window goes further back than what is asked for, and the last one ends there."""
    since = NOW - days * DAY

    found = list(windows(NOW, since, None, None))

    assert found[-1].since == since
    assert all(window.since >= since for window in found)


@pytest.mark.parametrize("after", [at(NOW - 40 * DAY, 7), at(NOW, 3), at(NOW - 2 * DAY)])
def test_they_join(after: Place) -> None:
    """Each one begins where the one before ends; the first where the list goes on."""
    found = list(windows(NOW, None, None, after))

    assert found[0].before == after
    assert [window.before for window in found[1:]] == [window.first for window in found[:-1]]
    assert found[-1].since == EPOCH


def test_until_and_after() -> None:
    """The earlier of the two counts."""
    until = NOW - 10 * DAY

    assert next(windows(NOW, None, until, at(NOW, 5))).before == at(until)
    assert next(windows(NOW, None, until, at(until - DAY, 5))).before == at(until - DAY, 5)


@pytest.mark.parametrize(
    "after", [(UUID(int=2**128 - 1), LARGEST), (UUID(int=0), 0), (UUID(int=1), -LARGEST), (UUID(int=2**127), 1)]
)
def test_a_place_that_somebody_made_up(after: Place) -> None:
    """It may be any UUID: the windows stay within what time there is."""
    found = list(windows(NOW, None, None, after))

    assert all(EPOCH <= window.since <= NOW + CLOCKS_DIFFER for window in found)
    assert all(window.before <= at(NOW + CLOCKS_DIFFER) for window in found)


@pytest.mark.parametrize("moment", [datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)])
def test_times_out_of_reach(moment: datetime) -> None:
    """Before the epoch is the epoch; far ahead is as far as there is something."""
    before, since = list(windows(NOW, None, moment, None)), list(windows(NOW, moment, None, None))

    assert all(window.since >= EPOCH and at(EPOCH) <= window.before <= at(NOW + CLOCKS_DIFFER) for window in before)
    assert since[-1].since == max(moment, EPOCH)


def test_everything() -> None:
    """Whatever the id is, it is in there."""
    assert EVERYTHING.first == (UUID(int=0), 0)

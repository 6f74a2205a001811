"""pipeline.vacuum: when a table is vacuumed, and how seldom if that is of no use."""

import pytest

from dispatcher.pipeline.vacuum import DEAD_ROWS, LONGEST_PAUSE, SHORTEST_PAUSE, Pace


@pytest.mark.parametrize(("dead", "due"), [(0, False), (DEAD_ROWS - 1, False), (DEAD_ROWS, True), (10**6, True)])
def test_enough_dead_rows(dead: int, due: bool) -> None:
    """The first time only their number counts."""
    assert Pace().is_due(dead, now=0.0) is due


def test_a_pause_after_each() -> None:
    """However many dead rows there are by then."""
    pace = Pace()
    pace.vacuumed(dead=9000, left=10, now=100.0, seconds=0.1)

    assert not pace.is_due(10**6, now=100.0 + SHORTEST_PAUSE - 0.1)
    assert pace.is_due(10**6, now=100.0 + SHORTEST_PAUSE)


def test_one_that_takes_long_comes_seldom() -> None:
    """It never takes more than a fifth of the time."""
    pace = Pace()
    pace.vacuumed(dead=10**6, left=10, now=100.0, seconds=30.0)

    assert not pace.is_due(10**6, now=219.0)
    assert pace.is_due(10**6, now=220.0)


def test_one_of_no_use_comes_ever_more_seldom() -> None:
    """A long transaction keeps the dead rows: twice the pause each time, up to the longest; then the shortest."""
    pace, now, pauses = Pace(), 0.0, []
    for _ in range(8):
        pace.vacuumed(dead=9000, left=8900, now=now, seconds=0.1)
        pauses.append(pace.not_before - now)
        now = pace.not_before
    pace.vacuumed(dead=9000, left=100, now=now, seconds=0.1)

    assert pauses == [10, 20, 40, 80, 160, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]
    assert pace.not_before - now == SHORTEST_PAUSE

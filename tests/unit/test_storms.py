"""core.storms: a few lines of each subject within a window, and exact counts of the others."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.core.storms import Storms, Suppressed

ONE, TWO, THREE = ((("endpoint", n),) for n in (1, 2, 3))


def test_the_first_lines_of_a_window() -> None:
    """So many are admitted, each subject by itself; the others are in a count by name when the window is over."""
    storms = Storms(lines=2, seconds=10)

    admitted = [storms.admits(ONE, name, now=1) for name in ("a", "a", "a", "b", "a")]
    other = storms.admits(TWO, "a", now=2)
    early, late = storms.over(10.9), storms.over(11)

    assert admitted == [True, True, False, False, False]
    assert other
    assert early == []
    assert late == [Suppressed(ONE, {"a": 2, "b": 1})]


def test_a_new_window() -> None:
    """Counts are told once; what follows has a window of its own."""
    storms = Storms(lines=1, seconds=10)
    first = [storms.admits(ONE, "a", now=0) for _ in range(2)]
    told = [storms.over(10), storms.over(10)]
    second = [storms.admits(ONE, "a", now=10) for _ in range(3)]

    assert (first, second) == ([True, False], [True, False, False])
    assert told == [[Suppressed(ONE, {"a": 1})], []]
    assert storms.over(19.9) == []
    assert storms.rest() == [Suppressed(ONE, {"a": 2})]


def test_nothing_to_tell() -> None:
    """A window that admitted everything ends without a word."""
    storms = Storms(lines=2, seconds=10)
    storms.admits(ONE, "a", now=0)

    assert storms.rest() == []


def test_too_many_subjects() -> None:
    """The oldest window ends early, with its count, so that no more are kept than may be."""
    storms = Storms(lines=1, seconds=10, most=2)
    for subject in (ONE, ONE, TWO):
        storms.admits(subject, "a", now=0)

    ended = storms.over(1)
    admitted = [storms.admits(subject, "a", now=1) for subject in (THREE, TWO)]

    assert ended == [Suppressed(ONE, {"a": 1})]
    assert admitted == [True, False]
    assert storms.rest() == [Suppressed(TWO, {"a": 1})]


LINES = st.lists(st.tuples(st.integers(1, 5), st.sampled_from("ab"), st.floats(0, 3)), max_size=200)


@given(LINES)
def test_every_line_is_written_or_counted(lines: list[tuple[int, str, float]]) -> None:
    """Whatever comes, in whatever order: what was admitted and what was told add up to what was asked, by name."""
    storms, now = Storms(lines=2, seconds=5, most=3), 0.0
    asked: Counter[tuple[int, str]] = Counter()
    found: Counter[tuple[int, str]] = Counter()
    suppressed: list[Suppressed] = []
    for number, name, passed in lines:
        now += passed
        asked[number, name] += 1
        suppressed += storms.over(now)
        found[number, name] += storms.admits((("endpoint", number),), name, now)
    for window in [*suppressed, *storms.rest()]:
        ((_, subject),) = window.subject
        found.update({(int(subject), name): count for name, count in window.counts.items()})

    assert +found == asked

"""The lines across a chart: few, and at round numbers."""

from collections.abc import Sequence
from math import ceil, floor, log10

# Round times, in milliseconds, for what may take a millisecond or a day.
_ROUND = (1, 10, 100, 1_000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 86_400_000, 864_000_000)


def ticks(most: float) -> list[int]:
    """Two to five round numbers from 0 up, the last of them no less than `most`."""
    size = 10 ** floor(log10(max(most, 1)))
    steps = (size // 5, size // 2, size, size * 2, size * 5)
    step = next(step for step in steps if step >= 1 and step * 4 >= most)
    return [step * n for n in range(max(1, ceil(most / step)) + 1)]


def magnitudes(least: float, most: float) -> list[int]:
    """Round times in milliseconds, two or more: the first is no more than `least`, the last no less than `most`.

    What is beyond a millisecond and ten days is not.
    """
    first = max((i for i, mark in enumerate(_ROUND[:-1]) if mark <= least), default=0)
    last = next((i for i, mark in enumerate(_ROUND) if mark >= most), len(_ROUND) - 1)
    return list(_ROUND[first : max(last, first + 1) + 1])


def few(marks: Sequence[int]) -> Sequence[int]:
    """Up to five as they are; of more, every other one."""
    return marks if len(marks) <= 5 else marks[::2]

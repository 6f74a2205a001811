"""Percentiles of what is counted in buckets."""

from collections.abc import Sequence
from math import floor


def percentile(counts: Sequence[int], bounds: Sequence[int], share: float) -> int | None:
    """How long `share` of what is counted took at most, in milliseconds, as the view endpoint_statistics estimates it.

    The bucket is the right one; within it they count as spread evenly. Above the last bound it is "at least that".

    Args:
        counts: how many took how long: one more than there are bounds.
        bounds: milliseconds, as statistics_bounds has them.
        share: from 0, exclusive, to 1.

    Returns:
        None: nothing is counted.
    """
    wanted = share * sum(counts)
    running = 0
    for count, lower, upper in zip(counts, (0, *bounds), (*bounds, bounds[-1]), strict=True):
        if count and running + count >= wanted:
            return floor(lower + (upper - lower) * (wanted - running) / count + 0.5)
        running += count
    return None

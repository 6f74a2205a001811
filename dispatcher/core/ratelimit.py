"""Rate limits: so many requests at once, and as many again within a window, evenly. Pure: the time is an argument.

A bucket is one number, the moment at which it is full again (GCRA). Their count is bounded: the one that was used
longest ago goes first, and what goes was most likely full.
"""

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

MOST_BUCKETS = 20_000  # about 200 bytes each


@dataclass(frozen=True)
class Rule:
    """`quota` requests at once, refilled within `window` seconds; the name is what the answer's headers say."""

    name: str
    quota: int
    window: float

    @property
    def step(self) -> float:
        """Seconds until one more request is there."""
        return self.window / self.quota


@dataclass(frozen=True)
class Decision:
    """Whether a request is let through, and how its tightest bucket stands afterwards. Times in seconds."""

    allowed: bool
    rule: Rule
    remaining: int
    full_in: float
    retry_in: float


Bucket = tuple[str, Rule]  # whose it is, and its rule


class Limiter:
    """The buckets of one process."""

    def __init__(self, most: int = MOST_BUCKETS) -> None:
        self._most = most
        self._full_at: OrderedDict[Bucket, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, buckets: Sequence[Bucket], now: float) -> Decision:
        """Take one out of each bucket, or, where one of them is empty, out of none; `now` in seconds, never less."""
        decisions = [self._look(bucket, now) for bucket in buckets]
        refused = [decision for decision in decisions if not decision.allowed]
        if refused:
            return max(refused, key=lambda decision: decision.retry_in)
        for bucket in buckets:
            self._set(bucket, max(self._full_at.get(bucket, now), now) + bucket[1].step)
        return min(decisions, key=lambda decision: decision.remaining)

    def _look(self, bucket: Bucket, now: float) -> Decision:
        """The decision about one bucket, as it stands after the request was let through."""
        rule = bucket[1]
        full_in = max(self._full_at.get(bucket, now) - now, 0.0) + rule.step
        over = full_in - rule.window
        allowed = over <= 1e-9 * rule.window  # what adding up steps leaves
        remaining = max(math.floor((rule.window - full_in) / rule.step + 1e-6), 0)
        return Decision(allowed, rule, remaining, full_in, 0.0 if allowed else over)

    def _set(self, bucket: Bucket, full_at: float) -> None:
        self._full_at[bucket] = full_at
        self._full_at.move_to_end(bucket)
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)

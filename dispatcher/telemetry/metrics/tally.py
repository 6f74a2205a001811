"""What is counted of an endpoint, and which endpoints have a label of their own. Pure."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from dispatcher.core.model import SendResult

OTHER = "other"
# Fewer than the histograms of all endpoints together have: each is a series, of each endpoint.
DURATION_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 10.0, 30.0)
LATENCY_BOUNDS = (0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0)


class Buckets:
    """A histogram: how many values were at most each bound, and their sum."""

    __slots__ = ("_bounds", "_counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value; it must not be negative, or the sum would go backwards."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def add(self, other: "Buckets") -> None:
        """Count what another one, of the same bounds, has counted."""
        self._counts = [ours + theirs for ours, theirs in zip(self._counts, other._counts, strict=True)]
        self.sum += other.sum

    def cumulative(self) -> list[tuple[str, float]]:
        """(bound, values up to it), the last bound being +Inf."""
        return list(zip((*map(str, self._bounds), "+Inf"), accumulate(self._counts), strict=True))


class Tally:
    """What is counted of one endpoint, or of several together."""

    __slots__ = ("attempts", "breaker_openings", "dead", "duration", "latency")

    def __init__(self) -> None:
        self.attempts: Counter[tuple[str, str]] = Counter()  # by outcome and class
        self.duration = Buckets(DURATION_BOUNDS)
        self.latency = Buckets(LATENCY_BOUNDS)
        self.dead = 0
        self.breaker_openings = 0

    def add(self, other: "Tally") -> None:
        """Count what another one has counted."""
        self.attempts.update(other.attempts)
        self.duration.add(other.duration)
        self.latency.add(other.latency)
        self.dead += other.dead
        self.breaker_openings += other.breaker_openings


class Labels:
    """The tallies of a process by label: at most `most` endpoints have their own, the others share one.

    Whoever has a label keeps it as long as there is room. Only when it is needed for an endpoint that the database
    chose does one that it did not choose give its own up: its tally is added to the shared one. So the sum over all
    labels is always what happened, and no label ever goes backwards.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._chosen: frozenset[int] = frozenset()
        self._own: dict[int, Tally] = {}
        self._other: Tally | None = None
        self.folded = 0

    def choose(self, endpoint_ids: Iterable[int]) -> None:
        """Which endpoints are to have a label of their own from now on: `most` at most."""
        self._chosen = frozenset(endpoint_ids)
        assert len(self._chosen) <= self._most

    def of(self, endpoint_id: int) -> Tally:
        """The tally that something of this endpoint is counted in."""
        own = self._own.get(endpoint_id)
        if own is not None:
            return own
        if len(self._own) >= self._most:
            if endpoint_id not in self._chosen:
                return self._shared()
            self._fold()
        return self._own.setdefault(endpoint_id, Tally())

    def _shared(self) -> Tally:
        if self._other is None:
            self._other = Tally()
        return self._other

    def _fold(self) -> None:
        """Free a label: that of the least counted, as the rate of the shared one jumps by it."""
        # There is one: not all that have a label are chosen, or the new one would be one too many.
        quietest = min(self._own.keys() - self._chosen, key=lambda each: (self._own[each].attempts.total(), each))
        self._shared().add(self._own.pop(quietest))
        self.folded += 1

    def __iter__(self) -> Iterator[tuple[str, Tally]]:
        """Each label and its tally; the shared one only once it has counted something."""
        for endpoint_id, tally in self._own.items():
            yield str(endpoint_id), tally
        if self._other is not None:
            yield OTHER, self._other


def class_of(result: SendResult) -> str:
    """The class of an answer's status, `2xx` for example; or of the error that kept it from having one."""
    return f"{result.status // 100}xx" if result.status is not None else str(result.error)

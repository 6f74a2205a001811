"""Storms: of each subject so many lines within a window, the others are counted. Pure: the time is an argument.

Every line that is asked for is either admitted or in a count that `over` or `rest` returns, once.
"""

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

LINES = 20
WINDOW_SECONDS = 10.0
MOST_SUBJECTS = 10_000  # about 500 bytes each; beyond them the oldest window ends early

Subject = tuple[tuple[str, str | int], ...]  # the fields by which a line names what it is about


@dataclass(frozen=True, slots=True)
class Suppressed:
    """The lines about one subject that a window did not admit, by their names."""

    subject: Subject
    counts: Mapping[str, int]


@dataclass(slots=True)
class _Window:
    began_at: float
    admitted: int = 0
    suppressed: Counter[str] = field(default_factory=Counter)


class Storms:
    """Windows of the subjects that had lines lately; each begins with its subject's first line. Times in seconds."""

    def __init__(self, lines: int = LINES, seconds: float = WINDOW_SECONDS, most: int = MOST_SUBJECTS) -> None:
        self._lines = lines
        self._seconds = seconds
        self._most = most
        self._windows: OrderedDict[Subject, _Window] = OrderedDict()  # as they began, so that those that end come first

    def admits(self, subject: Subject, name: str, now: float) -> bool:
        """Whether a line is to be written; if not, it is counted. Call `over` before, with the same time."""
        window = self._windows.get(subject)
        if window is None:
            window = self._windows[subject] = _Window(now)
        if window.admitted < self._lines:
            window.admitted += 1
            return True
        window.suppressed[name] += 1
        return False

    def over(self, now: float) -> list[Suppressed]:
        """End the windows whose time is over, and those that are too many; returns what they did not admit."""
        found = []
        while self._windows:
            subject, oldest = next(iter(self._windows.items()))
            if now - oldest.began_at < self._seconds and len(self._windows) < self._most:
                break
            del self._windows[subject]
            if oldest.suppressed:
                found.append(Suppressed(subject, dict(oldest.suppressed)))
        return found

    def rest(self) -> list[Suppressed]:
        """End all windows: there will be no more lines."""
        return self.over(float("inf"))

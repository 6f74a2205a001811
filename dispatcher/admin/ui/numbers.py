"""Numbers, sizes and times as people read them, in the language of a page."""

import gettext
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from dispatcher.admin.ui.local_times import for_field

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class Numbers:
    """Writes numbers and times in one language; the names of its methods are those of the templates' filters."""

    def __init__(self, language: str, words: gettext.NullTranslations, now: Callable[[], datetime]) -> None:
        self._comma = language == "pt-BR"
        self._words = words
        self._now = now

    def filters(self) -> Mapping[str, Callable[..., Any]]:
        """The filters by their names."""
        return {
            "number": self.number,
            "percent": self.percent,
            "size": self.size,
            "milliseconds": self.milliseconds,
            "duration": self.duration,
            "ago": self.ago,
            "moment": moment,
            "iso": iso,
            "for_field": for_field,
        }

    def number(self, value: float, digits: int = 0) -> str:
        """A number with its thousands apart: 1,234.5."""
        text = f"{value:,.{digits}f}"
        return text.translate(str.maketrans(",.", ".,")) if self._comma else text

    def percent(self, share: float) -> str:
        """A share (0 to 1): 99.9%. All is said only of all, and nothing only of nothing."""
        value = share * 100
        if 0 < value < 0.1:
            value = 0.1
        if 99.9 < value < 100:
            value = 99.9
        return f"{self.number(value, 0 if value in (0, 100) else 1)}%"

    def size(self, count: int) -> str:
        """So many bytes: 1.5 KB."""
        value, units = float(count), ["B", "KB", "MB", "GB", "TB"]
        while value >= 1000 and len(units) > 1:
            value /= 1024
            units.pop(0)
        return f"{self.number(value, 1 if units[0] != 'B' and value < 10 else 0)} {units[0]}"

    def milliseconds(self, count: float) -> str:
        """So many milliseconds: 85 ms, 1.2 s."""
        return f"{self.number(count)} ms" if count < 1000 else self.duration(count / 1000)

    def duration(self, span: float | timedelta) -> str:
        """So many seconds, in one or two units: 1.2 s, 5 min, 3 h 20 min, 2 d."""
        seconds = span.total_seconds() if isinstance(span, timedelta) else float(span)
        if seconds < _MINUTE:
            return f"{self.number(seconds, 1)} s" if 0 < seconds < 9.95 else f"{int(seconds)} s"  # never 60 s
        if seconds < _HOUR:
            return f"{self.number(seconds // _MINUTE)} min"
        if seconds < _DAY:
            hours, rest = divmod(seconds, _HOUR)
            minutes = int(rest // _MINUTE)
            return f"{int(hours)} h {minutes} min" if minutes else f"{int(hours)} h"
        days, rest = divmod(seconds, _DAY)
        hours = int(rest // _HOUR)
        return f"{self.number(days)} d {hours} h" if hours and days < 10 else f"{self.number(days)} d"

    def ago(self, at: datetime) -> str:
        """How long ago a moment was, or in which time it will be, to one unit."""
        seconds = (self._now() - at).total_seconds()
        if abs(seconds) < 1:
            return self._words.gettext("now")
        span = self.duration(abs(seconds)) if abs(seconds) < _HOUR else self._one_unit(abs(seconds))
        told = self._words.gettext("%(span)s ago") if seconds > 0 else self._words.gettext("in %(span)s")
        return told % {"span": span}

    def _one_unit(self, seconds: float) -> str:
        if seconds < 2 * _DAY:
            return f"{int(seconds // _HOUR)} h"
        return f"{self.number(seconds // _DAY)} d"


def moment(at: datetime) -> str:
    """A moment in UTC, to the second; the page's script writes it in the viewer's zone."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def iso(at: datetime) -> str:
    """A moment for machines."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

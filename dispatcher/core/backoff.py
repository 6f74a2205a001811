"""When the next attempt is due: the retry schedule, jitter, Retry-After."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Seconds before each attempt. 79 h in all: longer than a weekend.
DEFAULT_SCHEDULE: tuple[int, ...] = (0, 60, 300, 900, 3600, 21600, 86400, 86400, 86400)
JITTER = 0.1  # up to a tenth later, never earlier
MAX_RETRY_AFTER_SECONDS = 86400


def retry_delay(schedule: Sequence[int] | None, failures: int, jitter: float) -> float | None:
    """Seconds until the attempt after the given number of failures, or None when there is none left.

    Args:
        schedule: seconds before each attempt; None for the default.
        failures: charged to the endpoint so far, this one included (1 or more).
        jitter: from [0, 1).
    """
    steps = DEFAULT_SCHEDULE if schedule is None else schedule
    if failures >= len(steps):
        return None
    return steps[failures] * (1 + JITTER * jitter)


def parse_retry_after(value: str | None, now: datetime) -> float:
    """The delay that a Retry-After header asks for, in seconds: 0 for none, garbage, or a time that has passed.

    Both forms of RFC 9110 10.2.3 are understood; what is longer than a day is a day.
    """
    if value is None:
        return 0.0
    value = value.strip()
    if value.isascii() and value.isdigit():
        digits = value.lstrip("0") or "0"
        # A number of thousands of digits is a valid header, but int() refuses it.
        return float(min(int(digits), MAX_RETRY_AFTER_SECONDS) if len(digits) <= 6 else MAX_RETRY_AFTER_SECONDS)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, IndexError, OverflowError):
        return 0.0
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return min(max((at - now).total_seconds(), 0.0), MAX_RETRY_AFTER_SECONDS)

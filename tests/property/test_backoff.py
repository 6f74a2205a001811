"""core.backoff, for arbitrary schedules and headers."""

import email.utils
from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from dispatcher.core.backoff import DEFAULT_SCHEDULE, JITTER, parse_retry_after, retry_delay

DAY = 86400
SCHEDULES = st.none() | st.lists(st.integers(0, 30 * DAY), max_size=20).map(tuple)
FAILURES = st.integers(1, 25)
JITTERS = st.floats(0, 1, exclude_max=True)
NOWS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # the strategy adds UTC


@given(SCHEDULES, FAILURES, JITTERS)
def test_a_delay_is_its_step_and_at_most_a_tenth_more(
    schedule: tuple[int, ...] | None, failures: int, jitter: float
) -> None:
    """Never earlier than the schedule says, never more than a tenth later, and none when there is no step left."""
    steps = DEFAULT_SCHEDULE if schedule is None else schedule
    delay = retry_delay(schedule, failures, jitter)

    assert (delay is None) == (failures >= len(steps))
    assert delay is None or steps[failures] <= delay <= steps[failures] * (1 + JITTER)


@given(SCHEDULES, FAILURES, JITTERS, JITTERS)
def test_more_jitter_is_never_earlier(
    schedule: tuple[int, ...] | None, failures: int, one: float, other: float
) -> None:
    """The delay grows with the jitter."""
    less, more = (retry_delay(schedule, failures, jitter) for jitter in sorted((one, other)))

    assert (less is None) == (more is None)
    assert less is None or more is None or less <= more


NUMBERS = st.integers(0, 10**20).map(str) | st.text("0123456789", min_size=1, max_size=60)
WORDS = [
    "Mon,", "Wednesday,", "1", "31", "99999999999", "Jan", "Mar", "2026", "0", "-1", "10:00:00", "25:61:61",
    "10:00", "GMT", "UTC", "+0000", "-9999", "+99999999999", "Z", "(", ")", ":", ",", "-",
]  # fmt: skip
DATES = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)


@given(st.text(max_size=100) | NUMBERS | DATES, NOWS)
@example("Mon, 1 Jan 99999999999 00:00:00 GMT", datetime(2026, 1, 1, tzinfo=UTC))
@example("9" * 5000, datetime(2026, 1, 1, tzinfo=UTC))
def test_any_header_is_understood_as_up_to_a_day(header: str, now: datetime) -> None:
    """A receiver can write what it likes: no error, and never a time in the past or more than a day ahead."""
    assert 0 <= parse_retry_after(header, now) <= DAY


@given(st.integers(0, 10**30), st.integers(0, 30), NOWS)
def test_seconds(seconds: int, zeros: int, now: datetime) -> None:
    """A whole number is that many seconds, up to a day, whatever zeros stand in front."""
    assert parse_retry_after("0" * zeros + str(seconds), now) == min(seconds, DAY)


@given(st.integers(-(10**9), 10**9), NOWS)
def test_dates(seconds: int, now: datetime) -> None:
    """A date is as far away as it is, up to a day, and not at all when it has passed."""
    now = now.replace(microsecond=0)
    header = email.utils.format_datetime(now + timedelta(seconds=seconds), usegmt=True)

    assert parse_retry_after(header, now) == min(max(seconds, 0), DAY)

"""core.backoff: the retry schedule, jitter, and what a Retry-After header asks for."""

from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest

from dispatcher.core.backoff import DEFAULT_SCHEDULE, parse_retry_after, retry_delay
from tests.unit.examples import NOW

DAY = 86400


def test_the_default_schedule() -> None:
    """Nine attempts; the last one begins 79 hours after the first: longer than a weekend."""
    assert DEFAULT_SCHEDULE == (0, 60, 300, 900, 3600, 21600, DAY, DAY, DAY)
    assert sum(DEFAULT_SCHEDULE) // 3600 == 79


@pytest.mark.parametrize(
    ("failures", "delay"), [(1, 60), (2, 300), (3, 900), (4, 3600), (5, 21600), (6, DAY), (7, DAY), (8, DAY), (9, None)]
)
def test_the_default_schedule_step_by_step(failures: int, delay: float | None) -> None:
    """After each failure the next step is due, and none after the ninth."""
    assert retry_delay(None, failures, jitter=0) == delay


@pytest.mark.parametrize(
    ("schedule", "delays"),
    [
        ((0, 5, 10), [5, 10, None, None]),
        ((0,), [None, None]),  # one attempt only
        ((), [None]),
        ((0, 0, 0), [0, 0, None]),
        ((30, 20, 10), [20, 10, None]),  # its own order is kept
    ],
)
def test_an_endpoint_may_have_its_own(schedule: tuple[int, ...], delays: list[float | None]) -> None:
    """An own schedule replaces the default one, its length included."""
    actual = [retry_delay(schedule, failures, jitter=0) for failures in range(1, len(delays) + 1)]

    assert actual == delays


@pytest.mark.parametrize(("jitter", "delay"), [(0.0, 3600), (0.5, 3780), (0.999, 3959.64)])
def test_jitter_only_delays(jitter: float, delay: float) -> None:
    """Jitter makes a step longer, by less than a tenth, and never shorter."""
    assert retry_delay(None, 4, jitter) == pytest.approx(delay)


def http_date(seconds: float) -> str:
    """The HTTP date so many seconds from NOW."""
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


RETRY_AFTER = {
    "none": (None, 0),
    "seconds": ("120", 120),
    "zero": ("0", 0),
    "leading zeros": ("0000000000000000120", 120),
    "white space": (" \t120 ", 120),
    "a day": (str(DAY), DAY),
    "longer than a day": (str(DAY + 1), DAY),
    "huge": ("999999999999", DAY),
    "5000 digits": ("9" * 5000, DAY),
    "negative": ("-120", 0),
    "signed": ("+120", 0),
    "float": ("1.5", 0),
    "exponent": ("1e3", 0),
    "hexadecimal": ("0x10", 0),
    "digits that are not ASCII": ("\uff11\uff12\uff10", 0),
    "superscript": ("²", 0),
    "with a unit": ("120s", 0),
    "a list": ("120, 60", 0),
    "empty": ("", 0),
    "blank": ("   ", 0),
    "garbage": ("soon, please", 0),
    "NUL": ("\0", 0),
    "date": (http_date(120), 120),
    "date with white space": (f"  {http_date(120)}  ", 120),
    "date that has passed": (http_date(-120), 0),
    "date of this moment": (http_date(0), 0),
    "date in a month": (http_date(30 * DAY), DAY),
    "date of another zone": ("Mon, 02 Mar 2026 06:02:00 -0300", 120),
    "date without a zone": ("Mon, 02 Mar 2026 09:02:00", 120),
    "RFC 850 date": ("Monday, 02-Mar-26 09:02:00 GMT", 120),
    "asctime date": ("Mon Mar  2 09:02:00 2026", 120),
    "date long past": ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
    "year 9999": ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
    "31 February": ("Tue, 31 Feb 2026 09:02:00 GMT", 0),
    "ISO date": ("2026-03-02T09:02:00Z", 0),
    "year of eleven digits": ("Mon, 02 Mar 99999999999 09:02:00 GMT", 0),
    "day of twenty digits": ("Mon, 99999999999999999999 Mar 2026 09:02:00 GMT", 0),
    "zone of twenty digits": ("Mon, 02 Mar 2026 09:02:00 +99999999999999999999", 0),
    "zone of 24 hours": ("Mon, 02 Mar 2026 09:02:00 +2400", 0),
}


@pytest.mark.parametrize(("value", "delay"), RETRY_AFTER.values(), ids=RETRY_AFTER)
def test_parse_retry_after(value: str | None, delay: float) -> None:
    """Seconds or a date, up to a day; whatever else a receiver may write asks for nothing."""
    assert parse_retry_after(value, NOW) == delay


def test_a_date_is_compared_to_the_given_clock() -> None:
    """The same header asks for less as time passes."""
    header = http_date(120)
    clocks: list[datetime] = [NOW + timedelta(seconds=passed) for passed in (0, 30, 119.5, 120, 500)]

    assert [parse_retry_after(header, now) for now in clocks] == [120, 90, 0.5, 0, 0]

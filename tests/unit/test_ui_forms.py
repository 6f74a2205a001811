"""Numbers and times that people type, as the models of the API read them."""

import pytest

from dispatcher.admin.ui.forms import Form, whole
from dispatcher.admin.ui.local_times import zoned


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", 7), ("0", 0), ("9223372036854775807", 2**63 - 1), ("", None), ("x", "x"), ("-1", "-1"), ("1.5", "1.5"),
        ("٣", "٣"), ("²", "²"), ("1_000", "1_000"), ("9" * 20, "9" * 20),
    ],
)  # fmt: skip
def test_whole_numbers(text: str, expected: object) -> None:
    """Plain digits are one; a model gets what is none as the text it is, and refuses it."""
    assert (whole(text), Form([("n", f" {text} ")]).whole("n")) == (expected, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01", "2026-03-01T00:00Z"),
        ("2026-03-01T09:30", "2026-03-01T09:30Z"),
        ("2026-03-01T09:30:15.5", "2026-03-01T09:30:15.5Z"),
        ("2026-03-01T09:30-03:00", "2026-03-01T09:30-03:00"),
        ("2026-03-01T09:30Z", "2026-03-01T09:30Z"),
        ("yesterday", "yesterday"),
        ("", ""),
    ],
)
def test_times_without_a_zone(text: str, expected: str) -> None:
    """Are in UTC; all else stays as it is."""
    assert zoned(text) == expected

"""How the UI lays out bodies, draws attempts, and says what the database says."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dispatcher.admin.operations.deliveries import Attempt, DeliveryDetails
from dispatcher.admin.operations.explaining import Explanation
from dispatcher.admin.ui.bodies import MOST_BYTES, laid_out, shown
from dispatcher.admin.ui.language import translations
from dispatcher.admin.ui.sentences import Said
from dispatcher.admin.ui.timeline import MARGIN, WIDTH, timeline

NOW = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a":[1,2]}', '{\n  "a": [\n    1,\n    2\n  ]\n}'),
        ('{ "a" : {}, "b":[ ] }', '{\n  "a": {},\n  "b": []\n}'),
        ('"a: [{,\\" "', '"a: [{,\\" "'),
        ("1.10", "1.10"),
        ("", ""),
    ],
)
def test_laid_out(text: str, expected: str) -> None:
    """A line for each value; numbers and strings stay as they were written."""
    assert laid_out(text) == expected


def test_a_body_of_nothing_but_brackets() -> None:
    """It grows no more than by a bound for each line."""
    text = "[" * 30_000 + "]" * 30_000

    assert len(laid_out(text)) < 60_000 * 40
    assert "".join(laid_out(text).split()) == text


def test_a_body_that_is_cut() -> None:
    """Within a character of several bytes, too."""
    body = shown(json.dumps({"a": "é" * MOST_BYTES}, ensure_ascii=False))

    assert (body.is_cut, body.size > MOST_BYTES) == (True, True)
    assert MOST_BYTES - 2 <= len(body.text.encode()) <= MOST_BYTES


def delivery(attempts: list[Attempt], **changes: Any) -> DeliveryDetails:
    """One with these attempts."""
    values: dict[str, Any] = {
        "delivery_id": 1, "event_id": None, "endpoint_id": 1, "clinic_id": "a", "state": "pending", "reason": None,
        "type": None, "resource": None, "resource_id": None, "created_at": NOW, "next_attempt_at": None,
        "finished_at": None, "attempt_count": len(attempts), "failure_count": 0, "reevaluated": False,
        "error_class": None, "http_status": None, "attempts": attempts, "explain": [],
    }  # fmt: skip
    return DeliveryDetails(**{**values, **changes})


def attempt(number: int, seconds: float) -> Attempt:
    """A failed attempt so long after the delivery was made."""
    at = NOW + timedelta(seconds=seconds)
    return Attempt(number, "retry", "failed", "timeout", None, at, 5, at, None, None)


def test_the_line_of_attempts() -> None:
    """In their order, the next one last, all on the paper."""
    found = delivery(
        [attempt(3, 300), attempt(2, 5), attempt(1, -3)], next_attempt_at=NOW + timedelta(hours=2), attempt_count=3
    )

    drawn = timeline(found, NOW + timedelta(minutes=6))

    assert [(mark.number, mark.outcome) for mark in drawn.marks] == [
        (1, "failed"), (2, "failed"), (3, "failed"), (4, "next"),
    ]  # fmt: skip
    places = [mark.x for mark in drawn.marks]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (MARGIN, WIDTH - MARGIN)
    assert drawn.now is not None
    assert places[2] < drawn.now < places[3]


def test_the_line_of_one_that_has_just_begun() -> None:
    """Nothing is divided by nothing."""
    drawn = timeline(delivery([]), NOW)

    assert (drawn.marks, drawn.now) == ([], MARGIN)


def line(code: str, words: str) -> Explanation:
    """A line of explain()."""
    return Explanation(code, words, None, None, None)


@pytest.mark.parametrize(
    ("code", "words", "expected"),
    [
        ("a_new_code", "something that is not known here", "something that is not known here"),
        ("paused", "the endpoint is paused; what is due is kept until it is resumed",
         "The endpoint is paused. What is due is kept until it is resumed."),
        ("paused", "the endpoint is paused: 100%(s)\n%d; what is due is kept until it is resumed",
         "The endpoint is paused: 100%(s)\n%d. What is due is kept until it is resumed."),
        ("dead", "given up after 8 attempts: attempts exhausted; the last one failed: timeout",
         "Given up: no attempts are left. The last attempt: No answer in time."),
        ("dead", "given up after 8 attempts: a reason; the last one failed: x; the last one failed: tls",
         "Given up: a reason; the last one failed: x. The last attempt: TLS failed."),
        ("last_attempt", "attempt 2 failed: http_status 503", "Attempt 2 failed: Answered with 503."),
    ],
)  # fmt: skip
def test_sentences(code: str, words: str, expected: str) -> None:
    """What people wrote stays as it is; what is not known is said in the words that came."""
    assert Said(translations("en")).explained(line(code, words)) == expected

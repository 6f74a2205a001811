"""core.verdict, for arbitrary results: every one has a verdict, and a verdict does not contradict itself."""

from datetime import datetime

from hypothesis import example, given
from hypothesis import strategies as st

from dispatcher.core.backoff import DEFAULT_SCHEDULE
from dispatcher.core.model import Delivery, DeliveryState, ErrorClass, Outcome, SendResult
from dispatcher.core.verdict import SLOW_DOWN, judge
from tests.property.test_backoff import DATES, JITTERS, NOWS, NUMBERS, SCHEDULES
from tests.unit.examples import NOW, delivery, result

STATUSES = st.integers(100, 999) | st.sampled_from(sorted({199, 200, 204, 299, 300, 410, *SLOW_DOWN}))
HEADERS = st.none() | NUMBERS | DATES | st.text(max_size=40)
ANSWERED = st.builds(
    lambda status, retry_after, note: result(status, retry_after=retry_after, note=note),
    STATUSES,
    HEADERS,
    st.sampled_from([None, "body_cut", "body_truncated"]),
)
UNANSWERED = st.builds(lambda error: result(error=error), st.sampled_from(ErrorClass))
RESULTS = ANSWERED | UNANSWERED
DELIVERIES = st.builds(
    lambda schedule, failures: delivery(retry_schedule=schedule, failure_count=failures),
    SCHEDULES,
    st.integers(0, 25),
)


@given(RESULTS, DELIVERIES, NOWS, JITTERS)
@example(result(503, retry_after="Mon, 1 Jan 99999999999 00:00:00 GMT"), delivery(), NOW, 0.0)
def test_every_result_has_a_consistent_verdict(
    answer: SendResult, owed: Delivery, now: datetime, jitter: float
) -> None:
    """Success, another attempt or the end: exactly one of them, each with all that belongs to it and nothing else."""
    verdict = judge(answer, owed, now, jitter)
    steps = DEFAULT_SCHEDULE if owed.retry_schedule is None else owed.retry_schedule
    succeeded = answer.status is not None and 200 <= answer.status < 300
    exhausted = owed.failure_count + 1 >= len(steps)

    assert (verdict.outcome is Outcome.SUCCEEDED) == succeeded
    assert (verdict.outcome is Outcome.FAILED) == (not succeeded)
    assert (verdict.state is DeliveryState.SUCCEEDED) == succeeded
    assert (verdict.state is DeliveryState.DEAD) == (not succeeded and exhausted)
    assert (verdict.state is DeliveryState.PENDING) == (not succeeded and not exhausted)
    assert (verdict.error_class is not None) == verdict.charged == (not succeeded)
    assert (verdict.reason is not None) == (verdict.state is DeliveryState.DEAD)
    assert (verdict.disable is not None) == (answer.status == 410)
    assert verdict.slows == (answer.status in SLOW_DOWN or answer.error is ErrorClass.TIMEOUT)


@given(RESULTS, DELIVERIES, NOWS, JITTERS)
def test_an_endpoint_is_held_within_bounds(answer: SendResult, owed: Delivery, now: datetime, jitter: float) -> None:
    """Five minutes at most, only for who asked for less, and never longer than the delivery itself waits."""
    verdict = judge(answer, owed, now, jitter)

    assert 0 <= verdict.hold <= 300
    assert verdict.hold == 0 or answer.status in SLOW_DOWN
    assert verdict.state is not DeliveryState.PENDING or verdict.hold <= verdict.retry_in


@given(RESULTS, DELIVERIES, NOWS, JITTERS)
def test_the_next_attempt_is_never_earlier_than_the_schedule(
    answer: SendResult, owed: Delivery, now: datetime, jitter: float
) -> None:
    """Whatever a receiver answers: its step at least, and beyond that a tenth, or a day if it asked for one."""
    verdict = judge(answer, owed, now, jitter)
    steps = DEFAULT_SCHEDULE if owed.retry_schedule is None else owed.retry_schedule
    step = steps[owed.failure_count + 1] if verdict.state is DeliveryState.PENDING else 0
    longest = step * 1.1 if verdict.state is DeliveryState.PENDING else 0
    if answer.status in SLOW_DOWN and verdict.state is DeliveryState.PENDING:
        longest = max(longest, 86400)

    assert step <= verdict.retry_in <= longest


@given(UNANSWERED, DELIVERIES, NOWS, JITTERS)
def test_the_error_class_of_a_request_without_an_answer_is_kept(
    answer: SendResult, owed: Delivery, now: datetime, jitter: float
) -> None:
    """What the way out said is what the attempt will say."""
    assert judge(answer, owed, now, jitter).error_class is answer.error


@given(RESULTS, DELIVERIES, NOWS, JITTERS)
def test_a_verdict_depends_on_nothing_else(answer: SendResult, owed: Delivery, now: datetime, jitter: float) -> None:
    """Asked again with the same, it says the same."""
    assert judge(answer, owed, now, jitter) == judge(answer, owed, now, jitter)

"""core.verdict: what an answer means for its delivery and its endpoint."""

from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest

from dispatcher.core.model import DeliveryState, ErrorClass, Outcome, Verdict
from dispatcher.core.verdict import ANSWERED_GONE, EXHAUSTED, judge
from tests.unit.examples import NOW, delivery, result

FAILED_FIRST = Verdict(
    outcome=Outcome.FAILED,
    error_class=ErrorClass.HTTP_STATUS,
    state=DeliveryState.PENDING,
    retry_in=60,
    charged=True,
)


def failing_attempts(schedule: tuple[int, ...] | None, jitter: float) -> list[tuple[float, Verdict]]:
    """Every attempt of a delivery whose receiver always answers 500: when it begins, in seconds, and its verdict."""
    now, failures = NOW, 0
    attempts = []
    while True:
        verdict = judge(result(500), delivery(failure_count=failures, retry_schedule=schedule), now, jitter)
        attempts.append(((now - NOW).total_seconds(), verdict))
        if verdict.state is not DeliveryState.PENDING:
            return attempts
        now, failures = now + timedelta(seconds=verdict.retry_in), failures + verdict.charged


def test_the_whole_default_schedule() -> None:
    """Nine attempts over 79 h 21 min; each but the last says when the next is due, and the last that it is over."""
    attempts = failing_attempts(None, jitter=0)

    assert [at for at, _ in attempts] == [0, 60, 360, 1260, 4860, 26460, 112860, 199260, 285660]
    assert [verdict.retry_in for _, verdict in attempts] == [60, 300, 900, 3600, 21600, 86400, 86400, 86400, 0]
    assert [verdict.state for _, verdict in attempts] == [DeliveryState.PENDING] * 8 + [DeliveryState.DEAD]
    assert attempts[-1][1] == Verdict(
        outcome=Outcome.FAILED,
        error_class=ErrorClass.HTTP_STATUS,
        state=DeliveryState.DEAD,
        reason=EXHAUSTED,
        charged=True,
    )


def test_the_whole_default_schedule_with_jitter() -> None:
    """With the most jitter there can be, each attempt is later than without, by at most a tenth."""
    without = [at for at, _ in failing_attempts(None, jitter=0)]
    latest = [at for at, _ in failing_attempts(None, jitter=0.999)]

    assert len(latest) == len(without)
    assert all(early < late <= early * 1.1 for early, late in zip(without[1:], latest[1:], strict=True))


@pytest.mark.parametrize(("schedule", "times"), [((0, 5, 10), [0, 5, 15]), ((0,), [0]), ((0, 0), [0, 0])])
def test_an_own_schedule(schedule: tuple[int, ...], times: list[float]) -> None:
    """An endpoint's own schedule decides when its deliveries are due, and after how many failures they are dead."""
    attempts = failing_attempts(schedule, jitter=0)

    assert [at for at, _ in attempts] == times
    assert attempts[-1][1].reason == EXHAUSTED


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_2xx_succeeds(status: int) -> None:
    """Any 2xx is a success, however often the delivery failed before."""
    verdicts = [judge(result(status), delivery(failure_count=failures), NOW, 0.5) for failures in (0, 8, 50)]

    assert verdicts == [Verdict(Outcome.SUCCEEDED, None, DeliveryState.SUCCEEDED)] * 3


def test_2xx_with_a_body_that_broke_off_succeeds() -> None:
    """The status line is the answer: a receiver that said 200 is not sent the same again."""
    verdict = judge(result(200, note="body_truncated"), delivery(), NOW, 0)

    assert verdict.outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize(
    "status", [100, 101, 199, 300, 301, 302, 303, 307, 308, 400, 401, 404, 408, 422, 500, 501, 505, 599, 999]
)
def test_everything_else_fails(status: int) -> None:
    """Other statuses fail and are tried again; a redirect is a failure, too, since it is never followed."""
    assert judge(result(status), delivery(), NOW, 0) == FAILED_FIRST


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_some_statuses_ask_for_less(status: int) -> None:
    """They fail as any other, and slow the endpoint down; without a Retry-After it is not held."""
    assert judge(result(status), delivery(), NOW, 0) == replace(FAILED_FIRST, slows=True)


@pytest.mark.parametrize(
    ("error", "slows"),
    [
        (ErrorClass.TIMEOUT, True),
        (ErrorClass.CONNECT, False),
        (ErrorClass.TLS, False),
        (ErrorClass.DNS, False),
        (ErrorClass.BLOCKED_ADDRESS, False),
        (ErrorClass.PROTOCOL, False),
    ],
)
def test_without_a_status_the_error_class_is_kept(error: ErrorClass, slows: bool) -> None:
    """Each way in which a request can have no answer fails under its own name; only a timeout asks for less."""
    assert judge(result(error=error), delivery(), NOW, 0) == replace(FAILED_FIRST, error_class=error, slows=slows)


@pytest.mark.parametrize("status", [200, 204])
def test_a_success_never_slows_or_holds(status: int) -> None:
    """A Retry-After beside a success asks for nothing."""
    verdict = judge(result(status, retry_after="600"), delivery(), NOW, 0)

    assert verdict == Verdict(Outcome.SUCCEEDED, None, DeliveryState.SUCCEEDED)


def test_410_disables_the_endpoint_and_keeps_the_delivery() -> None:
    """410 Gone: nothing more for this endpoint, but what it is owed can be delivered once it is active again."""
    verdict = judge(result(410), delivery(), NOW, 0)

    assert verdict.disable == ANSWERED_GONE
    assert verdict.state is DeliveryState.PENDING
    assert verdict.error_class is ErrorClass.HTTP_STATUS


def test_410_at_the_last_attempt() -> None:
    """The endpoint is disabled, and the delivery is dead as any other whose attempts are exhausted."""
    verdict = judge(result(410), delivery(failure_count=8), NOW, 0)

    assert (verdict.disable, verdict.state, verdict.reason) == (ANSWERED_GONE, DeliveryState.DEAD, EXHAUSTED)


@pytest.mark.parametrize("status", [404, 409, 411, 429, 500, 503])
def test_only_410_disables(status: int) -> None:
    """No other status disables an endpoint at once."""
    assert judge(result(status), delivery(), NOW, 0).disable is None


def date(seconds: int) -> str:
    """That many seconds from now, as an HTTP date."""
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


# Retry-After, when the delivery is due again by it (its schedule says 60), and for how long the endpoint is held.
RETRY_AFTER: list[tuple[str | None, float, float]] = [
    (None, 60, 0),
    ("0", 60, 0),
    ("30", 60, 30),  # earlier than the schedule: the schedule holds, and the endpoint's others wait
    ("60", 60, 60),
    ("61", 61, 61),
    (" 120 ", 120, 120),
    ("300", 300, 300),
    ("600", 600, 300),
    ("86400", 86400, 300),
    ("86401", 86400, 300),
    ("999999999999", 86400, 300),
    ("9" * 5000, 86400, 300),
    ("-1", 60, 0),
    ("-999999", 60, 0),
    ("1.5", 60, 0),
    ("garbage", 60, 0),
    ("", 60, 0),
    ("\u0663\u0660\u0660", 60, 0),  # digits, but not those of a header
    (date(30), 60, 30),
    (date(200), 200, 200),
    (date(600), 600, 300),
    (date(864000), 86400, 300),
    (date(0), 60, 0),
    (date(-600), 60, 0),
    ("Wed, 21 Oct 99999999999 07:28:00 GMT", 60, 0),
]


@pytest.mark.parametrize(("retry_after", "retry_in", "hold"), RETRY_AFTER)
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_retry_after_only_delays(status: int, retry_after: str | None, retry_in: float, hold: float) -> None:
    """A receiver that asks for less may say when: never earlier than the schedule, and within bounds."""
    verdict = judge(result(status, retry_after=retry_after), delivery(), NOW, 0)

    assert verdict == replace(FAILED_FIRST, retry_in=retry_in, slows=True, hold=hold)


@pytest.mark.parametrize("status", [301, 400, 404, 408, 410, 500, 501, 505])
@pytest.mark.parametrize("retry_after", ["7200", date(7200)])
def test_retry_after_counts_with_few_statuses(status: int, retry_after: str) -> None:
    """With any other status the header means nothing to us."""
    verdict = judge(result(status, retry_after=retry_after), delivery(), NOW, 0)

    assert (verdict.retry_in, verdict.slows, verdict.hold) == (60, False, 0)


def test_retry_after_does_not_prolong_the_schedule() -> None:
    """A receiver that asks for patience at the last attempt does not get another one; its other deliveries wait."""
    verdict = judge(result(503, retry_after="60"), delivery(failure_count=8), NOW, 0)

    assert verdict == replace(FAILED_FIRST, state=DeliveryState.DEAD, reason=EXHAUSTED, retry_in=0, slows=True, hold=60)


@pytest.mark.parametrize(("retry_after", "latest"), [(None, 66), ("63", 66), ("66", 66), ("70", 70)])
def test_jitter_only_delays(retry_after: str | None, latest: float) -> None:
    """Jitter adds up to a tenth to the schedule and nothing to a Retry-After; the later of the two holds."""
    owed = delivery()
    without, with_most = (judge(result(503, retry_after=retry_after), owed, NOW, jitter) for jitter in (0.0, 1.0))

    assert with_most.retry_in == pytest.approx(latest)
    assert 60 <= without.retry_in <= with_most.retry_in

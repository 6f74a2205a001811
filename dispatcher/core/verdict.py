"""What an answer means: delivered, again later, dead; and what it says about the endpoint."""

from datetime import datetime

from dispatcher.core.backoff import parse_retry_after, retry_delay
from dispatcher.core.model import Delivery, DeliveryState, ErrorClass, Outcome, SendResult, Verdict

GONE = 410
# Statuses by which a receiver asks for less: only with these is its Retry-After obeyed.
SLOW_DOWN = frozenset({429, 502, 503, 504})
MAX_HOLD_SECONDS = 300.0  # a Retry-After of a day delays its delivery by a day, and the endpoint's others by this

EXHAUSTED = "attempts exhausted"
ANSWERED_GONE = "the receiver answered 410 Gone"


def judge(result: SendResult, delivery: Delivery, now: datetime, jitter: float) -> Verdict:
    """Judge the result of one attempt.

    2xx succeeds. Everything else fails, redirects too, and is tried again by the endpoint's schedule until that is
    exhausted: then the delivery is dead. Retry-After only ever delays. 410 disables the endpoint; the delivery is kept.

    Args:
        now: to which a Retry-After date is compared; aware.
        jitter: from [0, 1).
    """
    if result.succeeded:
        return Verdict(outcome=Outcome.SUCCEEDED, error_class=None, state=DeliveryState.SUCCEEDED)

    slows = result.status in SLOW_DOWN or result.error is ErrorClass.TIMEOUT
    wanted = parse_retry_after(result.retry_after, now) if result.status in SLOW_DOWN else 0.0
    delay = retry_delay(delivery.retry_schedule, delivery.failure_count + 1, jitter)
    return Verdict(
        outcome=Outcome.FAILED,
        error_class=result.error_class,
        state=DeliveryState.DEAD if delay is None else DeliveryState.PENDING,
        reason=EXHAUSTED if delay is None else None,
        retry_in=0.0 if delay is None else max(delay, wanted),
        charged=True,
        disable=ANSWERED_GONE if result.status == GONE else None,
        slows=slows,
        hold=min(wanted, MAX_HOLD_SECONDS),
    )

"""What an answer means: delivered, again later, dead; and whether the endpoint is to be disabled."""

from datetime import datetime

from dispatcher.core.backoff import parse_retry_after, retry_delay
from dispatcher.core.model import Delivery, DeliveryState, ErrorClass, Outcome, SendResult, Verdict

GONE = 410
# Statuses by which a receiver asks for less: only with these is its Retry-After obeyed.
SLOW_DOWN = frozenset({429, 502, 503, 504})

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

    error_class = result.error or ErrorClass.HTTP_STATUS
    disable = ANSWERED_GONE if result.status == GONE else None
    delay = retry_delay(delivery.retry_schedule, delivery.failure_count + 1, jitter)
    if delay is None:
        return Verdict(
            outcome=Outcome.FAILED,
            error_class=error_class,
            state=DeliveryState.DEAD,
            reason=EXHAUSTED,
            charged=True,
            disable=disable,
        )
    if result.status in SLOW_DOWN:
        delay = max(delay, parse_retry_after(result.retry_after, now))
    return Verdict(
        outcome=Outcome.FAILED,
        error_class=error_class,
        state=DeliveryState.PENDING,
        retry_in=delay,
        charged=True,
        disable=disable,
    )

"""What an endpoint is in, to be said in words: the first is the answer, the others stand beside it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from dispatcher.admin.operations.attention import LATE
from dispatcher.admin.operations.delivery_rows import ErrorClass
from dispatcher.admin.operations.endpoint_rows import Endpoint, EndpointStatus

Situation = Literal[
    "active", "paused", "disabled", "retired",
    "open", "half_open", "held", "failing", "late", "slowed", "new",
]  # fmt: skip


def situations(endpoint: Endpoint, now: datetime) -> list[Situation]:
    """What is in the way, or worth knowing; at least one."""
    if endpoint.state != "active" or endpoint.status is None:
        return [endpoint.state]
    return _of_an_active_one(endpoint.status, endpoint.max_in_flight, now) or ["active"]


def _of_an_active_one(status: EndpointStatus, max_in_flight: int, now: datetime) -> list[Situation]:
    found: list[Situation] = []
    if status.breaker != "closed":
        found.append(status.breaker)
    elif status.failures:
        found.append("failing")
    if status.held_until is not None and status.held_until > now:
        found.append("held")
    if status.oldest_due_seconds > LATE.total_seconds():
        found.append("late")
    if status.allowed_in_flight < max_in_flight:
        found.append("slowed")
    if not found and status.succeeded_at is None:
        found.append("new")
    return found


@dataclass(frozen=True)
class Failure:
    """How an attempt failed; `http_status` is None where there was no answer."""

    error_class: ErrorClass
    http_status: int | None


def last_failure(status: EndpointStatus | None) -> Failure | None:
    """How the last failed attempt failed; None: none did, or the endpoint is retired."""
    if status is None or status.failed_with is None:
        return None
    error_class, _, http_status = status.failed_with.partition(" ")
    return Failure(cast(ErrorClass, error_class), int(http_status) if http_status else None)

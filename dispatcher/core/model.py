"""The words of the path as values: a claimed delivery, its request, the result, the verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

# watch() and emit() refuse them (25_check_event_type.sql).
NOTICE_RESOURCES = frozenset({"endpoint", "delivery", "webhook"})


class DeliveryState(StrEnum):
    """Where a delivery stands. The last three are final, unless it is sent again by hand."""

    PENDING = "pending"
    IN_FLIGHT = "in_flight"
    PARKED = "parked"
    SUCCEEDED = "succeeded"
    DEAD = "dead"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """How an attempt ended. LOST is written by a takeover: nobody knows whether the request arrived."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LOST = "lost"


class ErrorClass(StrEnum):
    """Why an attempt failed. A class and not a message: the text of an error may be the receiver's."""

    TIMEOUT = "timeout"
    CONNECT = "connect"
    TLS = "tls"
    DNS = "dns"
    BLOCKED_ADDRESS = "blocked_address"
    HTTP_STATUS = "http_status"
    PROTOCOL = "protocol"


class Note(StrEnum):
    """What is worth knowing of a request beside how it ended. (`late` is for the database to say.)"""

    BODY_CUT = "body_cut"
    BODY_TRUNCATED = "body_truncated"
    EXCERPT_WITHHELD = "excerpt_withheld"
    SENT_AGAIN = "sent_again"


@dataclass(frozen=True, slots=True)
class Header:
    """A header that a clinic adds: its value in clear, for a minute after it was set, or sealed."""

    name: str
    value: str | None = field(repr=False)
    sealed: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event owed to one endpoint, claimed: all that an attempt needs.

    `lease_token` is the fencing token of this claim; `secrets` are sealed or, for a minute after a DBA inserted one,
    clear; `retry_schedule` is in seconds, None for the default; `is_probe`: its endpoint's circuit breaker is open, and
    this one goes to see; `is_suspect`: its endpoint failed last, or never took anything; `traceparent` and `request_id`
    are those of the transaction that wrote the event, checked by the database, None if it had none.
    """

    id: int
    endpoint_id: int
    clinic_id: str
    event_id: str
    event_type: str
    body: str = field(repr=False)
    created_at: datetime
    lease_token: int
    attempt_number: int
    failure_count: int
    url: str
    timeout_seconds: float
    is_probe: bool
    is_suspect: bool
    retry_schedule: tuple[int, ...] | None
    secrets: tuple[str, ...] = field(repr=False)
    headers: tuple[Header, ...]
    traceparent: str | None
    request_id: str | None

    @property
    def trace_id(self) -> str | None:
        """The trace of its traceparent: 32 hexadecimal digits."""
        return self.traceparent[3:35] if self.traceparent else None

    @property
    def is_notice(self) -> bool:
        """Whether it tells of our own operations, or is a test: what becomes of it is not told in turn."""
        return self.event_type.partition(".")[0] in NOTICE_RESOURCES


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, ready to be sent; `timeout_seconds` covers everything from connecting to the last byte read."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    timeout_seconds: float
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class SendResult:
    """What came of a request: an HTTP status, or the class of the error that kept it from having one.

    `note` has the notes, with ", " between two. `excerpt` is the first KB of the body of an answer that was not 2xx; it
    and `content_type` are as core/kept.py cleans them.
    """

    started_at: datetime
    duration_ms: int
    status: int | None = None
    error: ErrorClass | None = None
    retry_after: str | None = None
    note: str | None = None
    content_type: str | None = None
    excerpt: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether a 2xx status line arrived; what happens to the body after that is a note."""
        return self.status is not None and 200 <= self.status <= 299

    @property
    def error_class(self) -> ErrorClass | None:
        """Why it failed, None if it succeeded: redirects, and every other status, are failures."""
        return None if self.succeeded else self.error or ErrorClass.HTTP_STATUS


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a result means for its delivery.

    Attributes:
        outcome: of the attempt.
        error_class: why it failed, None if it succeeded.
        state: SUCCEEDED, DEAD (with `reason`), or PENDING (again due in `retry_in` seconds).
        charged: whether the failure counts against the endpoint's retry schedule.
        disable: why the endpoint is to be disabled, None to leave it as it is.
        slows: whether the endpoint asks for less.
        hold: for how many seconds it wants nothing at all.
    """

    outcome: Outcome
    error_class: ErrorClass | None
    state: DeliveryState
    retry_in: float = 0.0
    reason: str | None = None
    charged: bool = False
    disable: str | None = None
    slows: bool = False
    hold: float = 0.0

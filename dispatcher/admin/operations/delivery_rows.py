"""Deliveries as the API shows them, and which of them are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

from pydantic import Field

State = Literal["pending", "in_flight", "parked", "succeeded", "dead", "cancelled"]
ErrorClass = Literal["timeout", "connect", "tls", "dns", "blocked_address", "http_status", "protocol"]


@dataclass(frozen=True)
class Delivery:
    """An event that is owed to an endpoint, or was."""

    delivery_id: int
    event_id: Annotated[UUID, Field(description="The webhook-id of its requests.")]
    endpoint_id: int
    clinic_id: str
    state: State
    reason: Annotated[str | None, Field(description="Why it is parked, dead or cancelled.")]
    type: Annotated[str | None, Field(description="The event's; null if that is gone.")]
    resource: Annotated[str | None, Field(description="What the event is about: payment_transaction.")]
    resource_id: Annotated[str | None, Field(description="Which one.")]
    created_at: datetime
    next_attempt_at: Annotated[datetime | None, Field(description="When it is due; null if parked or finished.")]
    finished_at: datetime | None
    attempt_count: Annotated[int, Field(description="Requests begun, lost ones included.")]
    failure_count: Annotated[int, Field(description="Failures charged to the endpoint, since it was retried last.")]
    reevaluated: Annotated[bool, Field(description="Made for a subscription that was not there at the event's time.")]
    error_class: Annotated[ErrorClass | None, Field(description="How the last attempt failed; null if it did not.")]
    http_status: Annotated[int | None, Field(description="What the last attempt was answered with.")]


@dataclass(frozen=True)
class Choice:
    """Which deliveries are meant: all that is not None has to fit.

    Attributes:
        clinic_id: None: an operator's choice over all clinics.
        type: a pattern, as endpoints have them: payment_transaction.created, payment_transaction.* or *.
        resource_id: needs a resource and, to be found by an index, a clinic.
        since, until: the time of the events: from, and before.
        error_class: of the last attempt.
        event_ids: those that have this resource_id, once they are known.
    """

    clinic_id: str | None = None
    endpoint_id: int | None = None
    state: State | None = None
    type: str | None = None
    resource: str | None = None
    resource_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    error_class: ErrorClass | None = None
    event_ids: Sequence[UUID] | None = None

    @property
    def states(self) -> frozenset[str]:
        """The states that such a delivery can be in: what succeeded has no error."""
        states = frozenset(get_args(State) if self.state is None else (self.state,))
        return states - {"succeeded"} if self.error_class is not None else states

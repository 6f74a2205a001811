"""What the admin API observes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AdminStarted:
    """The admin API is served at this address."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class AdminStopped:
    """The admin API ended in good order: what was under way was answered."""


@dataclass(frozen=True, slots=True)
class RequestAnswered:
    """The admin API answered a request; `route` is its pattern, `who` a key, a session, a user, or None: unknown."""

    request_id: str
    method: str
    route: str
    status: int
    duration_ms: int
    who: str | None
    clinic_id: str | None
    address: str


@dataclass(frozen=True, slots=True)
class AuthenticationRefused:
    """A key, token or cookie was not accepted; `reason` holds nothing of it."""

    request_id: str
    reason: str
    address: str


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """The admin API answered 500: which error, and in which line of code it was raised."""

    request_id: str
    error: str
    where: str


@dataclass(frozen=True, slots=True)
class EndpointTested:
    """A test was sent; without an endpoint and a delivery: to where an endpoint was to be. `status` None: no answer."""

    request_id: str
    event_id: str
    delivery_id: int | None
    endpoint_id: int | None
    clinic_id: str
    status: int | None
    error: str | None
    duration_ms: int


@dataclass(frozen=True, slots=True)
class EndpointNotTested:
    """A test was not sent, for a reason of ours, such as a key that does not open."""

    request_id: str
    clinic_id: str
    reason: str


AdminObservation = (
    AdminStarted
    | AdminStopped
    | RequestAnswered
    | AuthenticationRefused
    | RequestFailed
    | EndpointTested
    | EndpointNotTested
)

"""What a snapshot of the database says of each endpoint, source and holder of old rows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EndpointStats:
    """What is so of one endpoint; or, without an id, of all the others together.

    `active` to `breaker_half_open` count endpoints: for one endpoint, 1 for what it is and 0 for the rest. `host` is
    all of its URL that may be shown: secrets may be in the rest.
    """

    endpoint_id: int | None
    clinic_id: str | None
    host: str | None
    active: int
    paused: int
    disabled: int
    breaker_closed: int
    breaker_open: int
    breaker_half_open: int
    pending: int
    in_flight: int
    parked: int
    due: int
    oldest_due_seconds: float


@dataclass(frozen=True, slots=True)
class SourceStats:
    """A watched table: whether its changes are captured, and how many of its triggers are missing or disabled."""

    name: str
    capture: bool
    triggers_missing: int


@dataclass(frozen=True, slots=True)
class XminAge:
    """The oldest snapshot that a kind of holder has; VACUUM has to leave every row that died since.

    `xmin` tells one from another, None if there is none; `age` is in transactions.
    """

    holder: str
    xmin: str | None
    age: int

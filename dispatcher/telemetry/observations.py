"""Everything worth knowing about a running dispatcher, each as a value handed to one callable.

Logs, metrics and the tests' waiting listen to it; nobody else logs.
"""

from collections.abc import Callable
from dataclasses import dataclass

from dispatcher.core.model import Delivery, DeliveryState, SendResult, Verdict
from dispatcher.telemetry.admin_observations import AdminObservation
from dispatcher.telemetry.snapshot import EndpointStats, SourceStats, XminAge

PARTITIONS_WARN_BELOW_DAYS = 3  # the leader keeps more


@dataclass(frozen=True, slots=True)
class DispatcherRegistered:
    """The database knows this dispatcher by this id from now on."""

    dispatcher_id: int


@dataclass(frozen=True, slots=True)
class DispatcherStarted:
    """Ready, and about to work; `delivering` is whether it claims and sends."""

    dispatcher_id: int
    version: str
    delivering: bool


@dataclass(frozen=True, slots=True)
class DispatcherStopping:
    """Asked to stop: nothing is claimed any more, `in_flight` requests are finished."""

    in_flight: int


@dataclass(frozen=True, slots=True)
class DispatcherStopped:
    """Stopped in good order; `released` claimed deliveries were given back unsent."""

    released: int


@dataclass(frozen=True, slots=True)
class BacklogTreated:
    """Delivery was turned on: `deliveries` had waited, and are drained at `rate` a second, or were cancelled."""

    treatment: str
    deliveries: int
    rate: int


@dataclass(frozen=True, slots=True)
class ListenChanged:
    """LISTEN began or ceased to work; without it the dispatcher polls. Not `wanted`: settings.wake_up is poll."""

    listening: bool
    reason: str
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Woken:
    """Work was looked for because of a ring of the `doorbell`, or was found by a `sweep` without one."""

    by: str


@dataclass(frozen=True, slots=True)
class LoopLagged:
    """A timer of the event loop was so late: 0.0 if everything gets its turn at once."""

    seconds: float


@dataclass(frozen=True, slots=True)
class PhaseChanged:
    """The worker looks for work more or less closely: awake, lingering or asleep (pipeline/alertness.py)."""

    phase: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """One round of claiming: rows leased, endpoints visited, seconds it took."""

    deliveries: int
    endpoints: int
    seconds: float


@dataclass(frozen=True, slots=True)
class AttemptFinished:
    """One HTTP request and what it means; `kept` is false if the lease was gone and the result decided nothing."""

    delivery: Delivery
    result: SendResult
    verdict: Verdict
    kept: bool

    @property
    def delivered(self) -> bool:
        """Whether it brought its delivery to a good end."""
        return self.kept and self.verdict.state is DeliveryState.SUCCEEDED

    @property
    def ended_dead(self) -> bool:
        """Whether it was the last one of a delivery that is dead now."""
        return self.kept and self.verdict.state is DeliveryState.DEAD

    @property
    def latency_seconds(self) -> float:
        """From the event to this answer; never negative, though the database's clock may be ahead of ours."""
        answered = self.result.started_at.timestamp() + self.result.duration_ms / 1000
        return max(answered - self.delivery.created_at.timestamp(), 0.0)


@dataclass(frozen=True, slots=True)
class EndpointDisabled:
    """We disabled an endpoint; its deliveries are kept."""

    endpoint_id: int
    clinic_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class BreakerChanged:
    """The circuit breaker of an endpoint opened: nothing is sent to it but probes; or it closed, after a success."""

    endpoint_id: int
    clinic_id: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class DeliveryReleased:
    """A claimed delivery was given back unsent, for a reason of ours or because its endpoint was stopped."""

    delivery: Delivery
    reason: str


@dataclass(frozen=True, slots=True)
class ResultsFlushed:
    """One batch of results is in the database."""

    results: int
    stale: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ResultUnrecordable:
    """The database refuses this result by itself; the attempt will stand as lost."""

    delivery: Delivery
    error: str


@dataclass(frozen=True, slots=True)
class LeadershipChanged:
    """This dispatcher began or ceased to do the maintenance."""

    leading: bool


@dataclass(frozen=True, slots=True)
class Disarmed:
    """This database is not, or not any more, one that this dispatcher delivers from: it stops."""

    reason: str


@dataclass(frozen=True, slots=True)
class PartitionsMade:
    """The leader made partitions ahead."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartitionDropped:
    """Retention dropped a partition whose days were over; `bytes` is what it took on disk."""

    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class PartitionKept:
    """A partition of `parent` whose days are over could not be dropped this time: somebody uses it, for example."""

    parent: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class RowsPurged:
    """Retention deleted old rows of a small table."""

    table: str
    count: int


@dataclass(frozen=True, slots=True)
class RetentionFinished:
    """A round of retention ended; `left` partitions should have been dropped, and were not."""

    left: int


@dataclass(frozen=True, slots=True)
class TableVacuumed:
    """The leader removed dead rows of a table; it had to leave `left` of `dead`: a transaction may still see them."""

    table: str
    dead: int
    left: int
    seconds: float


@dataclass(frozen=True, slots=True)
class MaintenanceHindered:
    """A task of the leader cannot do its work as things are: the reason says what to do. It tries again."""

    task: str
    reason: str


@dataclass(frozen=True, slots=True)
class SecretsSealed:
    """The leader sealed signing keys and header values that stood in clear."""

    count: int


@dataclass(frozen=True, slots=True)
class LeasesFreed:
    """Leases had run out, or their dispatcher is dead: their requests stand as lost, and are made again."""

    count: int


@dataclass(frozen=True, slots=True)
class ParkedEnded:
    """The leader ended deliveries that were parked too long, or too many, as dead."""

    count: int


@dataclass(frozen=True, slots=True)
class DeliveriesSettled:
    """The leader parked, freed or cancelled deliveries after their endpoints changed state."""

    count: int


@dataclass(frozen=True, slots=True)
class ReplayAdvanced:
    """The leader made so many deliveries of a replay due, and skipped others; it may be `done` by that."""

    replay_id: int
    kind: str
    moved: int
    skipped: int
    done: bool


@dataclass(frozen=True, slots=True)
class DatabaseTrouble:
    """A task could not reach the database, or was refused; it goes on trying."""

    task: str
    error: str


@dataclass(frozen=True, slots=True)
class StatsRefreshed:
    """A new snapshot of the database's numbers: what the gauges and /readyz show. `unarmed`: why, if it is.

    `taken_at` is Unix time by this process's clock; `seconds` is how long the database took.
    """

    pending: int
    in_flight: int
    parked: int
    due: int
    oldest_due_seconds: float
    open_capture_errors: int
    partition_days_ahead: int
    notify_queue_usage: float
    capture: bool
    delivery: bool
    delivering: bool
    functions_match: bool
    unarmed: str | None
    endpoints: tuple[EndpointStats, ...]
    sources: tuple[SourceStats, ...]
    xmins: tuple[XminAge, ...]
    taken_at: float
    seconds: float


Observation = (
    DispatcherRegistered
    | DispatcherStarted
    | DispatcherStopping
    | DispatcherStopped
    | BacklogTreated
    | ListenChanged
    | Woken
    | LoopLagged
    | PhaseChanged
    | Claimed
    | AttemptFinished
    | EndpointDisabled
    | BreakerChanged
    | DeliveryReleased
    | ResultsFlushed
    | ResultUnrecordable
    | LeadershipChanged
    | Disarmed
    | PartitionsMade
    | PartitionDropped
    | PartitionKept
    | RowsPurged
    | RetentionFinished
    | TableVacuumed
    | MaintenanceHindered
    | SecretsSealed
    | LeasesFreed
    | ParkedEnded
    | DeliveriesSettled
    | ReplayAdvanced
    | DatabaseTrouble
    | StatsRefreshed
    | AdminObservation
)
Observe = Callable[[Observation], None]

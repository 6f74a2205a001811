"""How closely a dispatcher looks for work, and what it promises to writers meanwhile (the doorbell's other half).

    awake      looks every few milliseconds; writers need not ring
    lingering  its promise to be awake has lapsed and writers ring, but one that decided not to may still commit: it
               keeps looking
    asleep     waits on LISTEN, and sweeps once a second in case a ring was lost

Without a working LISTEN nobody could be woken: no promise of sleep is given, and it keeps looking.
"""

from dataclasses import dataclass
from enum import Enum

STAYS_AWAKE_SECONDS = 0.5  # after the last work was seen
AWAKE_PROMISE_SECONDS = 1.5
ASLEEP_PROMISE_SECONDS = 3.0
LINGERS_SECONDS = 2.0  # after the awake promise lapsed; covers a commit that takes so long after its trigger ran
RENEWED_AFTER_SECONDS = 0.5

AWAKE_LOOK_SECONDS = 0.01
LINGER_LOOK_SECONDS = 0.025
POLL_SECONDS = 0.1
SWEEP_SECONDS = 1.0


class Phase(Enum):
    """See the module."""

    AWAKE = "awake"
    LINGERING = "lingering"
    ASLEEP = "asleep"


@dataclass
class Alertness:
    """Phase and promises by the time since work was last seen. `now` is a monotonic clock in seconds."""

    last_work: float
    awake_promised_at: float = float("-inf")
    asleep_promised_at: float = float("-inf")

    def phase(self, now: float) -> Phase:
        """How closely to look at this moment."""
        if now - self.last_work < STAYS_AWAKE_SECONDS:
            return Phase.AWAKE
        if now - self.awake_promised_at < AWAKE_PROMISE_SECONDS + LINGERS_SECONDS:
            return Phase.LINGERING
        return Phase.ASLEEP

    def interval(self, now: float, *, listening: bool) -> float:
        """Seconds until the next look."""
        match self.phase(now):
            case Phase.AWAKE:
                return AWAKE_LOOK_SECONDS
            case Phase.LINGERING:
                return LINGER_LOOK_SECONDS
            case Phase.ASLEEP:
                return SWEEP_SECONDS if listening else POLL_SECONDS

    def promise_due(self, now: float, *, listening: bool) -> tuple[str, float] | None:
        """The promise to give now, as (kind, seconds), if one is due; noted as given."""
        if self.phase(now) is Phase.AWAKE:
            if now - self.awake_promised_at >= RENEWED_AFTER_SECONDS:
                self.awake_promised_at = now
                return "awake", AWAKE_PROMISE_SECONDS
        elif listening and now - self.asleep_promised_at >= RENEWED_AFTER_SECONDS:
            self.asleep_promised_at = now
            return "asleep", ASLEEP_PROMISE_SECONDS
        return None

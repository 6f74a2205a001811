"""How closely a dispatcher looks for work, and what it promises to writers meanwhile (the doorbell's other half).

    awake      looks every few milliseconds; writers need not ring
    lingering  its promise to be awake has lapsed and writers ring, but one that decided not to may still commit: it
               keeps looking
    asleep     waits on LISTEN, and sweeps once a second in case a ring was lost

Without a working LISTEN nobody could be woken: no promise of sleep is given, and it keeps looking.
"""

from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How long everything lasts, in seconds. Other numbers than these are for tests of the doorbell itself."""

    stays_awake: float = 0.5  # after the last work was seen
    awake_promise: float = 1.5
    asleep_promise: float = 3.0
    lingers: float = 2.0  # after the awake promise lapsed; covers a commit that takes so long after its trigger ran
    renewed_after: float = 0.5

    awake_look: float = 0.01
    linger_look: float = 0.025
    poll: float = 0.1
    sweep: float = 1.0


class Phase(Enum):
    """See the module."""

    AWAKE = "awake"
    LINGERING = "lingering"
    ASLEEP = "asleep"


@dataclass
class Alertness:
    """Phase and promises by the time since work was last seen. `now` is a monotonic clock in seconds."""

    last_work: float
    rhythm: Rhythm = field(default_factory=Rhythm)
    awake_promised_at: float = float("-inf")
    asleep_promised_at: float = float("-inf")

    def phase(self, now: float) -> Phase:
        """How closely to look at this moment."""
        if now - self.last_work < self.rhythm.stays_awake:
            return Phase.AWAKE
        if now - self.awake_promised_at < self.rhythm.awake_promise + self.rhythm.lingers:
            return Phase.LINGERING
        return Phase.ASLEEP

    def interval(self, now: float, *, listening: bool) -> float:
        """Seconds until the next look."""
        match self.phase(now):
            case Phase.AWAKE:
                return self.rhythm.awake_look
            case Phase.LINGERING:
                return self.rhythm.linger_look
            case Phase.ASLEEP:
                # A sleeper gets up for its sweep, and to renew its promise.
                return min(self.rhythm.sweep, self.rhythm.asleep_promise / 3) if listening else self.rhythm.poll

    def promise_due(self, now: float, *, listening: bool) -> tuple[str, float] | None:
        """The promise to give now, as (kind, seconds), if one is due."""
        if self.phase(now) is Phase.AWAKE:
            if now - self.awake_promised_at >= self.rhythm.renewed_after:
                return "awake", self.rhythm.awake_promise
        elif listening and now - self.asleep_promised_at >= self.rhythm.renewed_after:
            return "asleep", self.rhythm.asleep_promise
        return None

    def promised(self, kind: str, now: float) -> None:
        """A promise was given, at `now` or before; the database may have been slow to write it down.

        Counted from the latest that it can have begun: who lingers from its end on has outlived it.
        """
        if kind == "awake":
            self.awake_promised_at = now
        else:
            self.asleep_promised_at = now

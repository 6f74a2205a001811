"""The databases that claims are compared on, and what is compared with what."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from benchmarks import claim_fill as fill
from benchmarks.claim_fill import Filled
from dispatcher.pipeline.claim import LATE_COMMITS
from dispatcher.pipeline.rotation import FULL_EVERY_SECONDS

CLAIM = 200  # rows of a claim
SLOTS = 20  # of an endpoint: ten fill a claim
SERVED = CLAIM // SLOTS
PAYMENTS = 100  # of the ordered endpoint, each with a stuck head


@dataclass(frozen=True)
class Sizes:
    """How large what is large is."""

    history: int
    waiting: int
    dead: int
    behind: int


FULL = Sizes(history=5_000_000, waiting=1_000_000, dead=200_000, behind=20_000)
SHORT = Sizes(history=100_000, waiting=50_000, dead=20_000, behind=20_000)

Fill = Callable[[Filled, Sizes], None]


@dataclass(frozen=True)
class State:
    """A database in some state.

    Attributes:
        name: of the database.
        fill: what makes it so.
        serves: how many endpoints a claim of 200 takes from.
        idle: endpoints at the front that have nothing to claim.
        pinned: whether a transaction that was there before everything else is still open.
        settled: whether a first series of claims, measured by itself, goes before the others.
    """

    name: str
    fill: Fill
    serves: int = SERVED
    idle: int = 0
    pinned: bool = False
    settled: bool = False


@dataclass(frozen=True)
class Case:
    """A state, how it is claimed from, and what that may cost against a clean one.

    Attributes:
        watermark: "rotation": as a full rotation of the dispatcher sets it; "lagging": as late as it gets while
            deliveries finish all the time; "none": as a full rotation itself claims.
        at_most: times the clean state's; None where that is only shown.
    """

    name: str
    clean: State
    changed: State
    at_most: float | None
    watermark: str = "rotation"


def _some(connection: Filled, sizes: Sizes) -> None:  # noqa: ARG001
    fill.endpoints(connection, 100, SLOTS)
    fill.due(connection, 200, 1, 100)


def _history(connection: Filled, sizes: Sizes) -> None:
    fill.history(connection, sizes.history)
    _some(connection, sizes)


def _waiting(connection: Filled, sizes: Sizes) -> None:
    fill.endpoints(connection, 100, SLOTS)
    fill.due(connection, sizes.waiting, 1, 1)
    fill.due(connection, 200, 2, 100)


def _dead(connection: Filled, sizes: Sizes) -> None:
    fill.churn(connection, sizes.dead)
    _some(connection, sizes)


def _endpoints(count: int, each: int) -> Fill:
    def make(connection: Filled, sizes: Sizes) -> None:  # noqa: ARG001
        fill.endpoints(connection, count, SLOTS)
        fill.due(connection, each, 1, count)

    return make


def _ordered(behind: bool) -> Fill:
    def make(connection: Filled, sizes: Sizes) -> None:
        fill.endpoints(connection, 101, SLOTS, ordered=1)
        fill.stuck(connection, PAYMENTS, sizes.behind // PAYMENTS if behind else 1)
        fill.due(connection, 200, 2, 101)

    return make


SOME = State("some", _some)
HISTORY = State("history", _history)
TEN = State("ten", _endpoints(10, 20_000))
TWO_HUNDRED = State("two_hundred", _endpoints(200, 1000))
MANY = State("many", _endpoints(10_000, 20))
THIN = State("thin", _endpoints(CLAIM, 1), serves=CLAIM)
SPARSE = State("sparse", _endpoints(10_000, 1), serves=CLAIM)
WAITING = State("waiting", _waiting)
DEAD = State("dead", _dead, pinned=True)
HEADS = State("heads", _ordered(behind=False), idle=1)
BEHIND = State("behind", _ordered(behind=True), idle=1, settled=True)

STATES = (SOME, HISTORY, TEN, TWO_HUNDRED, MANY, THIN, SPARSE, WAITING, DEAD, HEADS, BEHIND)


def cases(sizes: Sizes) -> tuple[Case, ...]:
    """What is compared."""
    late = f"{visible(sizes):,}"
    return (
        Case(f"{sizes.history:,} finished deliveries / none", SOME, HISTORY, 1.5),
        Case("10,000 endpoints with 20 due each / 10 with 20,000 each", TEN, MANY, 1.5),
        Case("10,000 endpoints with 20 due each / 200 with 1,000 each", TWO_HUNDRED, MANY, 1.5),
        Case("10,000 endpoints with 1 due each / 10 with 20,000 each", TEN, SPARSE, 1.5),
        Case(f"10,000 endpoints with 1 due each / {CLAIM} with 1 each", THIN, SPARSE, 1.5),
        Case(f"1 of 100 endpoints has {sizes.waiting:,} waiting / 200 as the others", SOME, WAITING, 1.2),
        Case(f"{sizes.dead:,} dead rows, none above the watermark / none at all", SOME, DEAD, 3.0),
        Case(f"{sizes.dead:,} dead rows, {late} above the watermark / none at all", SOME, DEAD, 3.0, "lagging"),
        Case(f"{sizes.dead:,} dead rows, no watermark / none at all", SOME, DEAD, None, "none"),
        Case(f"{sizes.behind - PAYMENTS:,} put off behind {PAYMENTS} stuck heads / only the heads", HEADS, BEHIND, 2.0),
    )


def lag() -> timedelta:
    """How far a watermark may be behind, at the most: just before a full rotation sets it anew."""
    return LATE_COMMITS + timedelta(seconds=FULL_EVERY_SECONDS)


def visible(sizes: Sizes) -> int:
    """How many of the dead rows are above such a watermark."""
    return min(sizes.dead, round(lag().total_seconds() * fill.CHURN_PER_SECOND))

"""The arithmetic of the benchmark with endpoints that hang: what is counted, and which runs do not count."""

import math
import os
import socket
from contextlib import ExitStack

import pytest

from benchmarks import hanging_report
from benchmarks.hanging_runs import ALONE, MANY, ONE, Lengths, Outcome, Seen, Watch, outcome
from benchmarks.isolation_processes import Arrival
from benchmarks.isolation_receiver import HANGING
from benchmarks.isolation_runs import SEVEN, WrongRun

LENGTHS = Lengths(seconds=1, endpoints=1000, waiting_each=20)
SEEN = Seen(sockets=210, memory=90.0, memory_before=60.0)
COMMITTED = {f"event-{n}": 1000 + n * 0.01 for n in range(400)}
ARRIVED = [Arrival(SEVEN[n % 7], webhook_id, at + 0.005) for n, (webhook_id, at) in enumerate(COMMITTED.items())]
HUNG = [Arrival(f"{HANGING}-{n}", f"hanging-{n}", 1001.0) for n in range(200)]
EARLIER = [Arrival(SEVEN[0], "before-anything-hung", 999.0)]


def test_what_is_counted() -> None:
    """After 3 s, for 1 s: 100 a second, 5 ms each; what arrived earlier and what hangs is not among them."""
    found = outcome([*EARLIER, *ARRIVED, *HUNG], COMMITTED, MANY, LENGTHS, SEEN)

    assert found.rate == pytest.approx(100, abs=1)
    assert found.p50 == pytest.approx(5)
    assert found.p99 == pytest.approx(5)
    assert (found.hung, found.seen) == (200, SEEN)


def test_a_healthy_one_that_gets_nothing() -> None:
    """It was served before anything hung, and is not any more: a rate of nothing, and no end of waiting."""
    earlier = [Arrival(path, f"before-{path}", 999.0) for path in SEVEN]

    found = outcome([*earlier, *HUNG], COMMITTED, MANY, LENGTHS, SEEN)

    assert (found.rate, found.p50, found.p99) == (0, math.inf, math.inf)


@pytest.mark.parametrize(
    ("arrived", "variant", "problem"),
    [
        (ARRIVED[:3], ALONE, "only"),
        ([*ARRIVED, ARRIVED[0]], ALONE, "twice"),
        ([*ARRIVED, *HUNG], ALONE, "200 requests hang"),
        ([*ARRIVED, *HUNG[:49]], ONE, "49 requests hang"),
    ],
)
def test_runs_that_do_not_count(arrived: list[Arrival], variant: str, problem: str) -> None:
    """A healthy endpoint that was left out, something that arrived twice, trouble where none belongs, or too little."""
    with pytest.raises(WrongRun, match=problem):
        outcome(arrived, COMMITTED, variant, LENGTHS, SEEN)


def test_targets() -> None:
    """At least 95 % of the rate, by the median of the repetitions' ratios; sockets and memory beside it."""
    outcomes = {
        ALONE: [Outcome(100, 5, 10, 0, Seen(20, 61.0, 60.0)), Outcome(50, 5, 10, 0, Seen(20, 61.0, 60.0))],
        MANY: [Outcome(95, 5, 20, 300, SEEN), Outcome(40, 5, 20, 300, SEEN)],
        ONE: [Outcome(95, 5, 20, 300, SEEN), Outcome(50, 5, 20, 300, SEEN)],
    }

    alone, many, one = list(hanging_report.rows(outcomes, LENGTHS))[-3:]

    assert alone.startswith("| nobody | 75 | 1.00 (1.00-1.00) | 0.95 |  |")
    assert many.startswith("| 1,000, of as many clinics | 68 | 0.88 (0.80-0.95) | 0.95 | **not met** |")
    assert one.startswith("| 1,000, of one clinic | 72 | 0.97 (0.95-1.00) | 0.95 | met |")
    assert one.endswith("| 300 (300-300) | 210 (210-210) | 90 (90-90) | 30 (30-30) |")


def test_nothing_arrived_while_it_was_measured() -> None:
    """The machine stood still: there is a report all the same."""
    found = [Outcome(0, math.inf, math.inf, 300, SEEN)]

    rows = list(hanging_report.rows(dict.fromkeys((ALONE, MANY, ONE), found), LENGTHS))[-3:]

    assert all("| 0 | inf (inf-inf) | 0.95 |" in row for row in rows)


def test_what_is_watched() -> None:
    """Sockets, and no other descriptors, and memory of a process: of this one, which opens three pairs."""
    with ExitStack() as opened, Watch(os.getpid()) as watch:
        before = watch.take().sockets
        for _ in range(3):
            for end in socket.socketpair():
                opened.enter_context(end)
            for descriptor in os.pipe():
                opened.callback(os.close, descriptor)
        seen = watch.take()

    assert seen.sockets == before + 6
    assert seen.memory >= seen.memory_before > 0

"""The arithmetic of the isolation benchmark: what is dropped, what is counted, which runs do not count."""

import math

import pytest

from benchmarks import isolation_report
from benchmarks.isolation_processes import Arrival
from benchmarks.isolation_receiver import BUSY, FAILING, HANGING
from benchmarks.isolation_report import Place
from benchmarks.isolation_runs import (
    ALONE,
    BACKLOG,
    EIGHTH,
    SEVEN,
    STEADY,
    TROUBLED,
    Lengths,
    Outcome,
    WrongRun,
    backlog,
    check,
    steady,
)

LENGTHS = Lengths(steady_seconds=1, backlog_seconds=2, waiting=100, backlog_each=1000)


def arrivals(interval: float, seconds: float, delay: float = 0.0) -> list[Arrival]:
    """Requests at the healthy endpoints in turn, the first at 1000 + delay."""
    count = round(seconds / interval)
    return [Arrival(SEVEN[n % 7], f"event-{n}", 1000 + n * interval + delay) for n in range(count)]


def test_a_steady_load_begins_after_its_warm_up() -> None:
    """100 events a second for 4 s, each received 5 ms later; in the first 3 s 50 ms later, which is left out."""
    committed = {f"event-{n}": 1000 + n * 0.01 for n in range(400)}
    arrived = [
        Arrival(request.path, request.webhook_id, committed[request.webhook_id] + (0.05 if n < 300 else 0.005))
        for n, request in enumerate(arrivals(0.01, 4))
    ]

    outcome = steady(arrived, committed, ALONE, 1)

    assert outcome.p50 == pytest.approx(5)
    assert outcome.p99 == pytest.approx(5)
    assert outcome.rate == pytest.approx(100, abs=6)


def test_the_rate_of_a_backlog() -> None:
    """Of the healthy ones, after 3 s, for 2 s: 200 a second; others are counted apart."""
    others = [Arrival(path, f"other-{n}", 1004.0) for path in (HANGING, FAILING, BUSY) for n in range(10)]

    outcome = backlog([*arrivals(0.005, 6), *others], TROUBLED, LENGTHS)

    assert outcome.rate == pytest.approx(200, abs=1)
    assert outcome.all_rate == pytest.approx(215, abs=1)


def test_a_backlog_that_ends_too_soon_is_an_error() -> None:
    """Then the end of it was measured, and not the rate."""
    with pytest.raises(WrongRun, match="nothing arrived at the end"):
        backlog(arrivals(0.005, 4), ALONE, LENGTHS)
    with pytest.raises(WrongRun, match="used up"):
        backlog(arrivals(0.0005, 6), ALONE, LENGTHS)


def test_a_run_without_its_troubles_is_an_error() -> None:
    """Or without a healthy endpoint, or with something that arrived twice."""
    with pytest.raises(WrongRun, match="only"):
        check(arrivals(0.01, 1), TROUBLED)
    with pytest.raises(WrongRun, match="only"):
        check(arrivals(0.01, 0.05), ALONE)
    with pytest.raises(WrongRun, match="twice"):
        check([*arrivals(0.01, 1), Arrival(SEVEN[0], "event-0", 1001.0)], ALONE)
    with pytest.raises(WrongRun, match="hang"):
        check([*arrivals(0.01, 1), *(Arrival(path, "a", 1001.0) for path in (HANGING, FAILING, BUSY))], TROUBLED)


def test_targets() -> None:
    """At least 95 % of the rate, at most twice the p99: by the medians of the repetitions' ratios."""
    outcomes = {
        Place(STEADY, 0.1): {
            ALONE: [Outcome(100, 100, 5, 10), Outcome(10, 10, 50, 100), Outcome(100, 100, 5, 10)],
            TROUBLED: [Outcome(95, 300, 6, 20), Outcome(9.5, 30, 60, 200), Outcome(50, 300, 6, 90)],
        },
        Place(BACKLOG, 0.0): {
            ALONE: [Outcome(100, 100)],
            EIGHTH: [Outcome(94, 107)],
            TROUBLED: [Outcome(94, 200)],
        },
    }

    rows = list(isolation_report.rates(outcomes))[-2:]
    (latency,) = list(isolation_report.latencies(outcomes))[6:]

    assert rows[0].endswith("| - | 0.95 (0.50-0.95) | 0.95 | met |")
    assert rows[1].endswith("| 1.00 (1.00-1.00) | 0.94 (0.94-0.94) | 0.95 | **not met** |")
    assert latency.endswith("| 1.20 (1.20-1.20) | 2.00 (2.00-9.00) | 2 | met |")


def test_nothing_arrived_while_it_was_measured() -> None:
    """The machine stood still: there is a report all the same."""
    outcomes = {Place(BACKLOG, 0.0): {variant: [Outcome(0, 0)] for variant in (ALONE, EIGHTH, TROUBLED)}}

    row = list(isolation_report.rates(outcomes))[-1]

    assert row.endswith(f"| {math.inf} ({math.inf}-{math.inf}) | 0.95 | met |")

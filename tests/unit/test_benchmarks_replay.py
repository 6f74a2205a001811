"""The arithmetic of the replay benchmark: what is dropped, what is counted, which runs do not count."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from benchmarks import replay_report
from benchmarks.isolation_processes import Arrival
from benchmarks.isolation_runs import WrongRun
from benchmarks.replay_runs import (
    ALONE,
    BUSY,
    PATHS,
    REPLAYED,
    REPLAYING,
    Latency,
    Lengths,
    Offered,
    Outcome,
    check,
    outcome,
)

LENGTHS = Lengths(dead=500, rate=100, seconds=1, repetitions=1)

# 100 events a second for 4 s, to all endpoints in turn; what is measured begins after 2 s.
OFFERED = Offered({f"event-{n}": 1000 + n * 0.01 for n in range(400)}, begin=1002, end=1004)


def paid(slow: Sequence[str] = (), delay: float = 0.005) -> list[Arrival]:
    """Each event as it arrived: 5 ms later, 100 ms in the first two seconds; at the slow endpoints after the delay."""
    found = []
    for n, (webhook_id, at) in enumerate(OFFERED.committed.items()):
        path = PATHS[n % len(PATHS)]
        found.append(Arrival(path, webhook_id, at + (0.1 if n < 200 else delay if path in slow else 0.005)))
    return found


def replayed(count: int = 500) -> list[Arrival]:
    """Dead deliveries as they arrived, 100 a second from the beginning on."""
    return [Arrival(REPLAYED, f"dead-{n}", 1002 + (n + 1) * 0.01) for n in range(count)]


def test_latencies_of_others_and_of_the_same() -> None:
    """What was committed while it ran, apart for the replayed endpoint; and the rate of the replay itself."""
    found = outcome([*paid(slow=[REPLAYED], delay=0.02), *replayed()], replace(OFFERED, besides=500))

    assert (found.others.p50, found.others.p99) == pytest.approx((5, 5))
    assert (found.same.p50, found.same.p99) == pytest.approx((20, 20))
    assert found.besides == pytest.approx(100)


def test_alone() -> None:
    """Nobody replays, and nothing dead arrives."""
    found = outcome(paid(), OFFERED)

    assert (found.same.p50, found.same.p99) == pytest.approx((5, 5))
    assert found.besides == 0


@pytest.mark.parametrize(
    ("arrived", "besides", "error"),
    [
        ([*paid()[1:], *replayed()], 500, "1 of 400 payments did not arrive"),
        ([*paid(), *replayed(499)], 500, "499 of 500 deliveries besides arrived"),
        ([*paid(), *replayed()], 0, "500 of 0 deliveries besides arrived"),
        ([*paid(), *replayed(), replayed()[0]], 500, "1 arrived twice"),
        ([*paid(), paid()[0]], 0, "1 arrived twice"),
        ([*paid(), Arrival(PATHS[0], "dead-0", 1003.0)], 1, "elsewhere"),
    ],
)
def test_a_run_in_which_something_went_wrong_is_an_error(arrived: list[Arrival], besides: int, error: str) -> None:
    """Lost, twice, or where it does not belong."""
    with pytest.raises(WrongRun, match=error):
        check(arrived, replace(OFFERED, besides=besides))


def test_target() -> None:
    """At most twice the p99, by the median of the repetitions' own ratios."""
    alone, twice, thrice = Latency(5, 10), Latency(6, 20), Latency(6, 30)
    rows = list(
        replay_report.latencies(
            {
                ALONE: [Outcome(alone, alone)] * 3,
                BUSY: [Outcome(twice, twice)] * 3,
                REPLAYING: [Outcome(twice, thrice), Outcome(thrice, thrice), Outcome(alone, alone)],
            }
        )
    )[-4:]

    assert rows[0].startswith("| the 7 others | p50 | 5.0 (5.0-5.0) | 6.0 (6.0-6.0) | 6.0 (5.0-6.0) |")
    assert rows[1].endswith("| 1.00 (0.50-1.50) | 2.00 (1.00-3.00) | 2 | met |")
    assert rows[3].endswith("| 1.50 (0.50-1.50) | 3.00 (1.00-3.00) | 2 | **not met** |")


def test_the_replay_itself() -> None:
    """What was asked for, and what arrived."""
    latency = Latency(5, 10)
    row = list(
        replay_report.replays(
            {
                ALONE: [Outcome(latency, latency, processor=0.25)],
                BUSY: [Outcome(latency, latency, processor=0.45)],
                REPLAYING: [Outcome(latency, latency, besides=99.6, processor=0.5)],
            },
            LENGTHS,
        )
    )[-1]

    assert row == "| 500 | 100 | 100 (100-100) | 25% | 45% | 50% |"

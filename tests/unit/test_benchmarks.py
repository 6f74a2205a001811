"""The arithmetic of the benchmarks: what is dropped, what is divided by what, what counts as met."""

import pytest

from benchmarks import pgbench, report
from benchmarks.promises import Promise, without
from benchmarks.report import Place
from benchmarks.variants import INSERT, MINIMAL, NO_TRIGGER, OURS

OUTPUT = """
number of transactions actually processed: 3000
number of failed transactions: 0 (0.000%)
latency average = 0.667 ms
initial connection time = 3.000 ms
tps = 1500.000000 (without initial connection time)
"""
PROGRESS = "progress: 1.0 s, 1000.0 tps, lat 1.000 ms stddev 0.100, 0 failed\n"


def verdicts(rates: report.Rates) -> list[str]:
    """The cells of the first target: a single INSERT against the minimal trigger, by clients."""
    return list(report.targets(rates))[4].split(" | ")[1:]


def test_the_warm_up_is_dropped() -> None:
    """3,000 statements in 2 s, 1,000 of them in the first: 2,000 a second."""
    assert pgbench.parse(OUTPUT, PROGRESS) == pgbench.Run(rate=2000.0, statements=3000)


@pytest.mark.parametrize(("output", "progress"), [("", PROGRESS), (OUTPUT, "")])
def test_unknown_words_are_an_error(output: str, progress: str) -> None:
    """Rather than a figure that means something else."""
    with pytest.raises(pgbench.PgbenchFailed):
        pgbench.parse(output, progress)


@pytest.mark.parametrize(
    ("output", "progress"),
    [
        ("number of transactions actually processed: 0\n\n", "progress: 6.0 s, 0.0 tps, lat 0.000 ms, 0 failed\n"),
        (OUTPUT, "progress: 2.0 s, 1500.0 tps, lat 0.667 ms stddev 0.100, 0 failed\n"),
    ],
)
def test_a_warm_up_and_nothing_else(output: str, progress: str) -> None:
    """Its two seconds were over while it still connected, or warmed up: no failure, and no rate either."""
    with pytest.raises(pgbench.NothingMeasured):
        pgbench.parse(output, progress)


def test_ratios_are_taken_within_a_repetition() -> None:
    """A machine that was slow in one repetition was slow for both: 0.9, 0.8 and 0.7, whatever the rates."""
    place = Place(INSERT, "on", 1)
    rates = {place: {NO_TRIGGER: [2000.0, 200.0, 20.0], MINIMAL: [1000.0, 100.0, 10.0], OURS: [900.0, 80.0, 7.0]}}

    (row,) = [line for line in report.ratios(rates) if line.startswith("| single INSERT | on | 1 |")]

    assert "| 0.50 (0.50-0.50) | 0.80 (0.70-0.90) | 0.40 (0.35-0.45) | - |" in row


@pytest.mark.parametrize(("rate", "verdict"), [(80.0, "met"), (79.0, "**not met**")])
def test_verdicts(rate: float, verdict: str) -> None:
    """Said for what was measured, and for nothing else."""
    rates = {Place(INSERT, "on", 8): {NO_TRIGGER: [200.0], MINIMAL: [100.0], OURS: [rate]}}

    assert verdicts(rates)[1].endswith(f": {verdict}")
    assert verdicts(rates)[0] == "not measured"


def test_a_promise_that_is_not_found() -> None:
    """A function that was written anew is not measured as if it lacked something."""
    promise = Promise("it waits", "f", r"set lock_timeout [^\n]*")

    assert without({"f": "set lock_timeout = 1\nbegin", "g": "x"}, [promise]) == {"f": "\nbegin", "g": "x"}
    with pytest.raises(LookupError, match="f has nothing that keeps this: it waits"):
        without({"f": "begin", "g": "set lock_timeout = 1"}, [promise])

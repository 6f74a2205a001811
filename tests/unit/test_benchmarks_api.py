"""The report of the API's benchmark: medians, their ratio, and whether it is met."""

from benchmarks.api import render
from benchmarks.stock import Case

FEW = Case("deliveries: a clinic's", "/a", is_deep=False)
MANY = Case("deliveries: a clinic's", "/b", is_deep=True)


def test_report() -> None:
    """A line for each case, with its page; the median, which one slow answer does not move."""
    times = {
        FEW: {"empty": [0.004, 0.002, 0.9], "full": [0.012, 0.012, 0.001]},
        MANY: {"empty": [0.004, 0.004, 0.004], "full": [0.0121, 0.0121, 0.0121]},
    }

    report = render(["a server"], times, (1_000_000, 6_000, 200))

    assert "| deliveries: a clinic's | 1 | 4.0 | 12.0 | 3.00 | met |" in report
    assert "| deliveries: a clinic's | 500 | 4.0 | 12.1 | 3.02 | **not met** |" in report
    assert "- 1,000,000 finished deliveries over 30 days and 6,000 live ones, of 200 clinics" in report
    assert "- 3 interleaved repetitions" in report

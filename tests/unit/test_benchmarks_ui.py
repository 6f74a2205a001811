"""The report of the UI's benchmark: the comparison, and what many endpoints cost."""

from benchmarks.stock import Case
from benchmarks.ui import render

FEW, MANY = Case("Overview: a clinic's", "/a", is_deep=False), Case("Endpoints, of all clinics", "/b", is_deep=False)


def test_report() -> None:
    """Medians and their ratio; of many endpoints the median and the slowest."""
    compared = {FEW: {"empty": [0.004, 0.002, 0.9], "full": [0.0121, 0.0121, 0.001]}}
    of_many = {MANY: {"many": [0.030, 0.5, 0.020]}}

    report = render(["a server"], compared, of_many, (1_000_000, 6_000, 200, 10_000))

    assert "| Overview: a clinic's | 1 | 4.0 | 12.1 | 3.02 | **not met** |" in report
    assert "### 10,000 endpoints" in report
    assert "| Endpoints, of all clinics | 30.0 | 500.0 |" in report
    assert "- 1,000,000 finished deliveries over 30 days and 6,000 live ones, of 200 clinics" in report

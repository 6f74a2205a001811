"""telemetry.metrics: names that Prometheus' own linter accepts, and nothing in a scrape that must not be there."""

import re

import pytest
from prometheus_client import Metric
from prometheus_client.exposition import generate_latest

from dispatcher.telemetry.metrics import PREFIX, Metrics
from tests.unit.examples import HEADER_VALUE, delivery
from tests.unit.scraping import full, value

# The lists of Prometheus' linter (`promtool check metrics`), as far as they concern names like ours.
OTHER_UNITS = {"minutes", "hours", "days", "weeks", "bits", "milliseconds", "microseconds", "kilobytes", "percent"}
ABBREVIATIONS = {"s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "m", "h", "d"}
TYPES = {"counter", "gauge", "histogram", "summary"}
RESERVED_ENDINGS = ("_count", "_sum", "_bucket")


def test_build_info(metrics: Metrics) -> None:
    """The version is a label, so that a dashboard can show which is running where."""
    assert value(metrics, "build_info", version="1.2.3") == 1


def test_no_secret_body_or_url() -> None:
    """Whatever is observed: what is scraped holds numbers, ids, hosts and words of ours only."""
    scraped = generate_latest(full().registry).decode()
    owed = delivery()

    assert "whsec_" not in scraped
    assert HEADER_VALUE not in scraped
    assert not any(text in scraped for text in (owed.body, owed.url, owed.event_id))


@pytest.mark.parametrize("family", list(full().registry.collect()), ids=lambda family: family.name.removeprefix(PREFIX))
def test_names(family: Metric) -> None:
    """Prometheus' naming rules: our prefix, snake_case, base units, `_total` on counters and nowhere else."""
    words = set(family.name.split("_"))
    names = {sample.name for sample in family.samples}
    labels = {label for sample in family.samples for label in sample.labels} - {"le"}

    assert names
    assert re.fullmatch(PREFIX + r"[a-z]+(_[a-z]+)*", family.name)
    assert not words & (OTHER_UNITS | ABBREVIATIONS | TYPES)
    assert not family.name.endswith(RESERVED_ENDINGS)
    assert all(name.endswith("_total") for name in names) == (family.type == "counter")
    assert (family.type == "histogram") == any(name.endswith("_bucket") for name in names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", label) for label in labels)
    assert family.documentation.endswith(".")

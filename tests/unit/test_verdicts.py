"""The answer that an overview begins with: the worst that there is to say, and how bad it is."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from dispatcher.admin.operations.attention import Attention, Needing, Why
from dispatcher.admin.operations.endpoint_rows import Endpoint
from dispatcher.admin.operations.overview import EndpointCounts, LastDay, LiveDeliveries, Overview, Platform
from dispatcher.admin.ui.verdicts import platform_troubles, verdict
from dispatcher.admin.ui.wording.platform_troubles import PLATFORM_TROUBLES

NOW = datetime(2026, 3, 2, tzinfo=UTC)
ENDPOINT = Endpoint(
    1, "a", "https://clinic.example/", "", ["*"], None, "active", None, NOW, "none", 10, None, 20, None, NOW, None
)
PLATFORM = Platform(True, True, "test", 1, 1, 2, 2, 0, 14)
DAY = LastDay(attempts=3, succeeded=3, failed=0, lost=0, success_rate=1.0, delivered=3, dead=0, cancelled=0)
WELL = Overview(EndpointCounts(1, 0, 0, 0), LiveDeliveries(0, 0, 0, 0, 0), DAY, 0, None)
NOTHING = replace(DAY, attempts=0, succeeded=0, success_rate=None, delivered=0)


def needing(why: Why) -> Attention:
    """One endpoint that needs attention."""
    return Attention(1, [Needing(why, ENDPOINT)], [])


NOBODY = Attention(0, [], [])


@pytest.mark.parametrize(
    ("overview", "attention", "told"),
    [
        (WELL, NOBODY, ("well", "good")),
        (replace(WELL, last_day=NOTHING), NOBODY, ("quiet", "info")),
        (replace(WELL, last_day=NOTHING, deliveries=LiveDeliveries(1, 0, 0, 0, 0)), NOBODY, ("well", "good")),
        (replace(WELL, last_day=NOTHING, deliveries=LiveDeliveries(0, 0, 0, 1, 0)), NOBODY, ("well", "good")),
        (replace(WELL, last_day=replace(DAY, dead=1)), NOBODY, ("given_up", "warn")),
        (replace(WELL, endpoints=EndpointCounts(0, 0, 0, 0), last_day=replace(DAY, dead=1)), NOBODY, ("none", "info")),
        (replace(WELL, endpoints=EndpointCounts(0, 0, 1, 0), last_day=NOTHING), NOBODY, ("quiet", "info")),
        (replace(WELL, last_day=replace(DAY, dead=1)), needing("kept"), ("attention", "warn")),
        (WELL, needing("late"), ("attention", "warn")),
        (WELL, needing("failing"), ("attention", "bad")),
        (replace(WELL, platform=PLATFORM), NOBODY, ("well", "good")),
        (replace(WELL, platform=replace(PLATFORM, delivery=False)), needing("late"), ("platform", "bad")),
        (replace(WELL, platform=replace(PLATFORM, ledger_open=1)), needing("late"), ("platform", "warn")),
        (replace(WELL, platform=replace(PLATFORM, ledger_open=1)), needing("disabled"), ("platform", "bad")),
    ],
)
def test_verdict(overview: Overview, attention: Attention, told: tuple[str, str]) -> None:
    """In this order: the platform, endpoints, none at all, what was given up, quiet, well."""
    found = verdict(overview, attention)

    assert (found.code, found.kind) == told


TROUBLES: dict[str, dict[str, Any]] = {
    "unarmed": {"armed_environment": None},
    "delivery_off": {"delivery": False},
    "no_dispatcher": {"delivering": 0},
    "capture_off": {"capture": False, "capturing": 0},
    "not_capturing": {"capturing": 1},
    "ledger_open": {"ledger_open": 1},
    "partitions": {"partition_days_ahead": 2},
}


@pytest.mark.parametrize("code", TROUBLES)
def test_a_trouble_of_the_platform(code: str) -> None:
    """Each by itself is told, and has its words."""
    assert platform_troubles(replace(PLATFORM, **TROUBLES[code])) == [code]
    assert code in PLATFORM_TROUBLES


def test_all_troubles() -> None:
    """The worst first; a clinic is told of none."""
    everything = {name: value for changes in TROUBLES.values() for name, value in changes.items()}
    told = platform_troubles(replace(PLATFORM, **everything))

    assert told == [code for code in PLATFORM_TROUBLES if code != "not_capturing"]
    assert platform_troubles(PLATFORM) == platform_troubles(None) == []


@pytest.mark.parametrize("why", get_args(Why))
def test_every_reason_is_at_least_a_warning(why: Why) -> None:
    """What needs attention is never well."""
    assert verdict(WELL, needing(why)).kind in ("warn", "bad")

"""Fixtures of tests that need no database."""

import pytest

from dispatcher.telemetry.metrics import Metrics
from tests.unit.environment import Environment


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    """An environment without any setting of ours."""
    return Environment(monkeypatch)


@pytest.fixture
def metrics() -> Metrics:
    """The metrics of a process that has done nothing yet."""
    return Metrics("1.2.3", 100)

"""Fixtures of tests that need no database."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from dispatcher.telemetry.metrics import Metrics
from tests.unit.environment import Environment


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    """An environment without any setting of ours."""
    return Environment(monkeypatch)


@pytest.fixture
def logging_as_it_was() -> Iterator[None]:
    """Takes back what configure() changes for the whole process."""
    root, pool = logging.getLogger(), logging.getLogger("psycopg.pool")
    handlers, level, pool_level = root.handlers[:], root.level, pool.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    pool.setLevel(pool_level)
    structlog.reset_defaults()


@pytest.fixture
def metrics() -> Metrics:
    """The metrics of a process that has done nothing yet."""
    return Metrics("1.2.3", 100)

"""Fixtures of tests that need no database."""

import pytest

from tests.unit.environment import Environment


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    """An environment without any setting of ours."""
    return Environment(monkeypatch)

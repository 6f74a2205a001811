"""Fixtures of the integration tests."""

from pathlib import Path

import pytest
import trustme

from tests.support.settings import environment


@pytest.fixture
def env(database_url: str, certificates: tuple[trustme.CA, Path]) -> dict[str, str]:
    """The environment of a dispatcher that could run."""
    return environment(database_url, certificates[1])

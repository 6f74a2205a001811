"""What is logged, for the tests to read: on standard error, once its thread has written it."""

import json
import logging
from typing import Any

import pytest

from dispatcher.telemetry import logs
from dispatcher.telemetry import observations as o

WAIT = 60.0  # to catch a hang
Capture = pytest.CaptureFixture[str]


def observe(*observations: o.Observation) -> None:
    """Log them, as a dispatcher does."""
    with logs.ObservationLog() as log:
        for observation in observations:
            log.observe(observation)


def told(capfd: Capture) -> str:
    """What was written since the last look; everything goes to standard error."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logs._Handler):
            handler._writer.flush(WAIT)
    out, err = capfd.readouterr()
    assert out == ""
    return err


def read(capfd: Capture) -> list[dict[str, Any]]:
    """The lines since the last look."""
    return [json.loads(line) for line in told(capfd).splitlines()]


def logged(capfd: Capture, *observations: o.Observation, level: str = "debug") -> list[dict[str, Any]]:
    """The JSON lines of these observations."""
    logs.configure("json", level)
    observe(*observations)
    return read(capfd)

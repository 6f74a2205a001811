"""telemetry.logs: an endpoint in trouble has a few lines, and the number of the others; changes of state have each."""

from collections import Counter
from typing import Any

import pytest

from dispatcher.core.storms import LINES, WINDOW_SECONDS
from dispatcher.telemetry import admin_observations as a
from dispatcher.telemetry import logs
from dispatcher.telemetry import observations as o
from tests.unit.examples import attempt, delivery, stats
from tests.unit.logged import Capture, read

FAILURES = 1000
pytestmark = pytest.mark.usefixtures("logging_as_it_was")


class Clock:
    """Time as a test has it pass."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def suppressed(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the summaries say, but for what every line has."""
    return [
        {name: value for name, value in line.items() if name not in ("event", "level", "timestamp")}
        for line in lines
        if line["event"] == "lines.suppressed"
    ]


def test_a_storm(capfd: Capture) -> None:
    """A thousand failures of one endpoint, over a minute: a bounded number of lines, whose counts add up exactly."""
    logs.configure("json", "info")
    clock, spacing = Clock(), 0.06
    with logs.ObservationLog(clock) as log:
        for _ in range(FAILURES):
            log.observe(attempt("retried"))
            clock.now += spacing
    lines = read(capfd)
    told = suppressed(lines)
    windows = FAILURES * spacing / WINDOW_SECONDS + 1

    assert len(lines) <= windows * (LINES + 1)
    assert len(lines) - len(told) + sum(line["lines"] for line in told) == FAILURES
    assert all(line["counts"] == {"attempt.failed": line["lines"]} for line in told)
    assert {(line["endpoint"], line["clinic"]) for line in told} == {(7, "clinic-1")}


def test_a_summary_comes_with_the_next_observation(capfd: Capture) -> None:
    """Of whatever, once the window is over: an endpoint that fell silent is told of, too."""
    logs.configure("json", "info")
    clock = Clock()
    log = logs.ObservationLog(clock)
    for _ in range(LINES + 5):
        log.observe(attempt("retried"))
    log.observe(o.DeliveryReleased(delivery(), "EMFILE"))
    clock.now = WINDOW_SECONDS - 0.001
    log.observe(stats())
    early = suppressed(read(capfd))
    clock.now = WINDOW_SECONDS
    log.observe(stats())

    assert early == []
    assert suppressed(read(capfd)) == [
        {"endpoint": 7, "clinic": "clinic-1", "lines": 6, "counts": {"attempt.failed": 5, "delivery.released": 1}}
    ]


def test_what_is_never_suppressed(capfd: Capture) -> None:
    """The end of a delivery, a success, and what becomes of the endpoint, in the middle of its storm."""
    logs.configure("json", "info")
    with logs.ObservationLog(Clock()) as log:
        for _ in range(3 * LINES):
            for observation in (
                attempt("retried"),
                attempt("dead"),
                attempt("succeeded"),
                o.BreakerChanged(7, "clinic-1", is_open=True),
                o.EndpointDisabled(7, "clinic-1", "gone"),
                o.ResultUnrecordable(delivery(), "23514"),
            ):
                log.observe(observation)
    lines = read(capfd)
    written = Counter(line["event"] for line in lines)
    dead = sum(line.get("state") == "dead" for line in lines)

    assert dead == 3 * LINES
    assert written["attempt.failed"] == dead + LINES
    assert {written[name] for name in ("attempt.succeeded", "breaker.opened", "endpoint.disabled")} == {3 * LINES}
    assert written["result.unrecordable"] == 3 * LINES


def test_other_subjects(capfd: Capture) -> None:
    """A failing task and a stranger's address are the same; whoever shows who he is has each of his lines."""
    logs.configure("json", "info")
    with logs.ObservationLog(Clock()) as log:
        for n in range(LINES + 3):
            log.observe(o.DatabaseTrouble("release", "the connection is lost"))
            log.observe(a.AuthenticationRefused(f"r{n}", "API key", "192.0.2.7"))
            log.observe(a.RequestAnswered(f"r{n}", "GET", "/", 401, 1, None, None, "192.0.2.7"))
            log.observe(a.RequestAnswered(f"k{n}", "GET", "/", 200, 1, "API key 7", "clinic-1", "192.0.2.7"))
    lines = read(capfd)
    requests = LINES + 3

    assert suppressed(lines) == [
        {"task": "release", "lines": 3, "counts": {"database.trouble": 3}},
        {
            "address": "192.0.2.7",
            "lines": 2 * requests - LINES,
            "counts": {"authentication.refused": requests - LINES // 2, "request.answered": requests - LINES // 2},
        },
    ]
    assert sum(line.get("who") == "API key 7" for line in lines) == requests


def test_what_the_level_leaves_out_is_not_counted(capfd: Capture) -> None:
    """Nobody who asked for warnings only is told how many lines of another level there were not."""
    logs.configure("json", "warning")
    with logs.ObservationLog(Clock()) as log:
        for _ in range(FAILURES):
            log.observe(attempt("retried"))

    assert read(capfd) == []

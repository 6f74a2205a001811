"""telemetry.lines: one line an observation that is worth one, with every id; docs/logs.md has them all."""

import ast
import inspect
import typing

import pytest

from dispatcher.core.storms import LINES
from dispatcher.telemetry import admin_observations
from dispatcher.telemetry import observations as o
from dispatcher.telemetry.lines import admin, choice, deliveries
from tests.unit.examples import REQUEST_ID, attempt, every_observation
from tests.unit.logged import Capture, logged
from tests.unit.test_docs import DOCS, table

KINDS = typing.get_args(o.Observation)
COUNTED_ONLY = {o.DispatcherRegistered, o.Woken, o.Claimed, o.ResultsFlushed, o.LoopLagged, o.StatsRefreshed}
EVERYWHERE = {"event", "level", "timestamp", "dispatcher"}
pytestmark = pytest.mark.usefixtures("logging_as_it_was")


def test_every_kind_is_in_the_union() -> None:
    """Every class of the two modules is an Observation, and has an example for the tests of logs and metrics."""
    defined = {
        kind
        for module in (o, admin_observations)
        for kind in vars(module).values()
        if inspect.isclass(kind) and kind.__module__ == module.__name__
    }

    assert set(KINDS) == defined
    assert {type(example) for example in every_observation()} == defined


def test_every_kind_has_a_case() -> None:
    """line_of, and what it calls, decide on each kind, once: none falls through."""
    trees = [ast.parse(inspect.getsource(module)) for module in (choice, deliveries, admin)]
    patterns = [node.cls for tree in trees for node in ast.walk(tree) if isinstance(node, ast.MatchClass)]
    cases = [pattern.attr for pattern in patterns if isinstance(pattern, ast.Attribute)]

    assert sorted(cases) == sorted(kind.__name__ for kind in KINDS)


@pytest.mark.parametrize("observation", every_observation(), ids=lambda observation: type(observation).__name__)
def test_every_kind_is_told_or_counted(capfd: Capture, observation: o.Observation) -> None:
    """One line with a dotted name, a level and a time; or none, for what happens too often and is counted."""
    lines = logged(capfd, observation)

    if type(observation) in COUNTED_ONLY:
        assert lines == []
    else:
        (line,) = lines
        assert line["event"].count(".") == 1
        assert {"level", "timestamp"} < set(line)


def test_a_successful_attempt(capfd: Capture) -> None:
    """The line that is looked for most: by any of its ids."""
    (line,) = logged(capfd, attempt("succeeded"))
    assert line.pop("timestamp").endswith("Z")

    assert line == {
        "event": "attempt.succeeded",
        "level": "info",
        "webhook_id": "0195555e-6c00-7000-8000-000000000001",
        "event_type": "payment_transaction.created",
        "delivery": 41,
        "endpoint": 7,
        "clinic": "clinic-1",
        "attempt": 1,
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "request_id": REQUEST_ID,
        "status": 204,
        "duration_ms": 120,
        "state": "succeeded",
    }


def test_a_failed_attempt(capfd: Capture) -> None:
    """Why it failed, and when the next one is due."""
    (line,) = logged(capfd, attempt("retried"))

    assert line["event"] == "attempt.failed"
    assert (line["status"], line["error"], line["note"]) == (503, "http_status", "body_cut")
    assert (line["state"], line["retry_in_s"]) == ("pending", 61.3)
    assert "stale" not in line


def test_the_last_attempt(capfd: Capture) -> None:
    """The line that ends a delivery says why."""
    (line,) = logged(capfd, attempt("dead"))

    assert (line["state"], line["reason"], line["error"]) == ("dead", "attempts exhausted", "timeout")
    assert not {"status", "retry_in_s"} & set(line)


def test_a_result_that_came_too_late(capfd: Capture) -> None:
    """A result that decided nothing is marked."""
    (line,) = logged(capfd, attempt("succeeded", kept=False))

    assert line["stale"] is True


def test_levels(capfd: Capture) -> None:
    """What an operator should look at is a warning, or an error if something is lost, or nothing sent any more."""
    levels = {(line["event"], line["level"]) for line in logged(capfd, *every_observation())}

    assert {event for event, level in levels if level == "warning"} == {
        "listen.changed",
        "endpoint.disabled",
        "breaker.opened",
        "delivery.released",
        "leases.freed",
        "parked.ended",
        "partition.kept",
        "maintenance.hindered",
        "database.trouble",
        "authentication.refused",
        "endpoint.not_tested",
    }
    assert {event for event, level in levels if level == "error"} == {
        "result.unrecordable",
        "dispatcher.disarmed",
        "request.failed",
    }
    assert ("listen.changed", "info") in levels
    assert ("breaker.closed", "info") in levels


@pytest.mark.parametrize(
    ("level", "least"),
    [("info", {"info", "warning", "error"}), ("warning", {"warning", "error"}), ("error", {"error"})],
)
def test_the_least_level(capfd: Capture, level: str, least: set[str]) -> None:
    """The setting leaves out what is below it."""
    lines = logged(capfd, *every_observation(), level=level)

    assert {line["level"] for line in lines} == least


def test_documentation(capfd: Capture) -> None:
    """docs/logs.md has every line by its name, with its levels and all of its fields, and a reason; and no other."""
    levels: dict[str, set[str]] = {"lines.lost": {"warning"}}
    # The log's own lines: test_logs.py and test_log_storms.py have them as they are.
    fields: dict[str, set[str]] = {"lines.lost": {"lines"}, "lines.suppressed": {"task", "address"}}
    for line in [*logged(capfd, *every_observation()), *logged(capfd, *[attempt("retried")] * (LINES + 1))]:
        levels.setdefault(line["event"], set()).add(line["level"])
        fields.setdefault(line["event"], set()).update(line.keys() - EVERYWHERE)
    rows = {name: cells for name, cells in table(DOCS / "logs.md").items() if "." in name}

    assert {name: set(cells[0].split(", ")) for name, cells in rows.items()} == levels
    assert {name: set(cells[1].split(", ")) - {"-"} for name, cells in rows.items()} == fields
    assert all(len(cells) == 3 and cells[2].endswith(".") for cells in rows.values())

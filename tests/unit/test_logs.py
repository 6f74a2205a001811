"""telemetry.logs: one line an observation that is worth one, and nothing in it that must not leave the process."""

import ast
import asyncio
import gc
import inspect
import json
import logging
import subprocess
import sys
import typing
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from dispatcher.core.sealing import Keyring
from dispatcher.telemetry import admin_observations, logs
from dispatcher.telemetry import observations as o
from tests.support.process import ROOT
from tests.unit.examples import HEADER_VALUE, KEY, attempt, delivery, every_observation

KINDS = typing.get_args(o.Observation)
COUNTED_ONLY = {o.Woken, o.Claimed, o.ResultsFlushed, o.LoopLagged, o.StatsRefreshed}


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Takes back what configure() changes for the whole process."""
    root, pool = logging.getLogger(), logging.getLogger("psycopg.pool")
    handlers, level, pool_level = root.handlers[:], root.level, pool.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    pool.setLevel(pool_level)
    structlog.reset_defaults()


Capture = pytest.CaptureFixture[str]


def read(capsys: Capture) -> list[dict[str, Any]]:
    """The lines since the last look; everything goes to standard error."""
    out, err = capsys.readouterr()
    assert out == ""
    return [json.loads(line) for line in err.splitlines()]


def logged(capsys: Capture, *observations: o.Observation, level: str = "debug") -> list[dict[str, Any]]:
    """The JSON lines of these observations."""
    logs.configure("json", level)
    for observation in observations:
        logs.log_observation(observation)
    return read(capsys)


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
    """log_observation, and what it calls for the admin API, decide on each kind: none falls through."""
    trees = [ast.parse(inspect.getsource(function)) for function in (logs.log_observation, logs._log_admin)]
    patterns = [node.cls for tree in trees for node in ast.walk(tree) if isinstance(node, ast.MatchClass)]
    cases = [pattern.attr for pattern in patterns if isinstance(pattern, ast.Attribute)]

    assert sorted(cases) == sorted(kind.__name__ for kind in KINDS)


@pytest.mark.parametrize("observation", every_observation(), ids=lambda observation: type(observation).__name__)
def test_every_kind_is_told_or_counted(capsys: Capture, observation: o.Observation) -> None:
    """One line with a dotted name, a level and a time; or none, for what happens too often and is counted."""
    told = logged(capsys, observation)

    if type(observation) in COUNTED_ONLY:
        assert told == []
    else:
        (line,) = told
        assert line["event"].count(".") == 1
        assert {"level", "timestamp"} < set(line)


def test_a_successful_attempt(capsys: Capture) -> None:
    """The line that is looked for most: by any of its ids."""
    (line,) = logged(capsys, attempt("succeeded"))
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
        "status": 204,
        "duration_ms": 120,
        "state": "succeeded",
    }


def test_a_failed_attempt(capsys: Capture) -> None:
    """Why it failed, and when the next one is due."""
    (line,) = logged(capsys, attempt("retried"))

    assert line["event"] == "attempt.failed"
    assert (line["status"], line["error"], line["note"]) == (503, "http_status", "body_cut")
    assert (line["state"], line["retry_in_s"]) == ("pending", 61.3)
    assert "stale" not in line


def test_the_last_attempt(capsys: Capture) -> None:
    """The line that ends a delivery says why."""
    (line,) = logged(capsys, attempt("dead"))

    assert (line["state"], line["reason"], line["error"]) == ("dead", "attempts exhausted", "timeout")
    assert not {"status", "retry_in_s"} & set(line)


def test_a_result_that_came_too_late(capsys: Capture) -> None:
    """A result that decided nothing is marked."""
    (line,) = logged(capsys, attempt("succeeded", kept=False))

    assert line["stale"] is True


def test_levels(capsys: Capture) -> None:
    """What an operator should look at is a warning, or an error if something is lost, or nothing sent any more."""
    told = {(line["event"], line["level"]) for line in logged(capsys, *every_observation())}

    assert {event for event, level in told if level == "warning"} == {
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
    }
    assert {event for event, level in told if level == "error"} == {
        "result.unrecordable",
        "dispatcher.disarmed",
        "request.failed",
    }
    assert ("listen.changed", "info") in told
    assert ("breaker.closed", "info") in told


@pytest.mark.parametrize(
    ("level", "least"),
    [("info", {"info", "warning", "error"}), ("warning", {"warning", "error"}), ("error", {"error"})],
)
def test_the_least_level(capsys: Capture, level: str, least: set[str]) -> None:
    """The setting leaves out what is below it."""
    told = logged(capsys, *every_observation(), level=level)

    assert {line["level"] for line in told} == least


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_body_secret_url_or_answer_is_logged(log_format: logs.Format, capsys: Capture) -> None:
    """Whatever is observed, at any level: neither what is sent nor where to nor what came back."""
    logs.configure(log_format, "debug")
    for observation in every_observation():
        logs.log_observation(observation)
    out, err = capsys.readouterr()
    owed = delivery()

    assert owed.event_id in err
    unsaid = (owed.body, "ação", owed.url, KEY, KEY[6:], HEADER_VALUE, "an excerpt of the answer")
    assert not any(text in out + err for text in unsaid)


def crash() -> None:
    """Fails with a signing key, a master key and a body in its local variables."""
    signing_key, master_key, body = KEY, Keyring("k1", {"k1": b"master key of thirty-two bytes.."}), delivery().body
    raise RuntimeError(f"it broke with {len((signing_key, master_key, body))} values at hand")


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("library", [False, True])
def test_a_traceback_shows_no_local_variables(log_format: logs.Format, library: bool, capsys: Capture) -> None:
    """An exception is logged with where it came from, by us and by libraries, and with none of the values there."""
    logs.configure(log_format, "info")
    try:
        crash()
    except RuntimeError:
        if library:
            logging.getLogger("some.library").exception("failed")
        else:
            structlog.get_logger("outbound_webhooks").exception("failed")
    _, err = capsys.readouterr()

    assert "it broke with 3 values at hand" in err
    assert "in crash" in err or '"crash"' in err
    assert not any(text in err for text in (KEY[6:], "thirty-two", "ação", "a\\u00e7\\u00e3o"))


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_nothing_leaves_with_a_secret(log_format: logs.Format, capsys: Capture) -> None:
    """The last processor: in a message, a field, an exception and its notes, of ours and of a library's."""
    logs.configure(log_format, "debug")
    error = ValueError(f"cannot connect to postgresql://me:Sesame9@host/db with {KEY}")
    error.add_note("Authorization: Bearer Sesame9")
    url, arguments = "https://clinic.example/?token=Sesame9", {"password": "Sesame9", "keys": [KEY]}

    structlog.get_logger("outbound_webhooks").error("it.broke", error=str(error), url=url, fields=arguments)
    structlog.get_logger("outbound_webhooks").error("it.broke", exc_info=error)
    logging.getLogger("aiohttp.client").error("sent %s with %s", url, arguments, exc_info=error)
    logging.getLogger("psycopg").warning("key %s", KEY, extra={"authorization": "Sesame9"})
    _, err = capsys.readouterr()

    assert err.count("[redacted]") > 10
    assert "Sesame9" not in err
    assert KEY[6:] not in err


async def test_what_asyncio_reports(capsys: Capture) -> None:
    """A task whose exception nobody took, and a callback that fails, are logged without the secret."""
    logs.configure("json", "info")

    async def fail() -> None:
        raise RuntimeError(f"broke with {KEY}")

    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    del task
    gc.collect()
    asyncio.get_running_loop().call_exception_handler({"message": f"a callback got {KEY}", "password": "Sesame9"})
    lines = read(capsys)

    assert [line["level"] for line in lines] == ["error", "error"]
    assert "broke with whsec_[redacted]" in str(lines[0])
    assert "a callback got whsec_[redacted]" in str(lines[1])
    assert "Sesame9" not in str(lines)


UNCAUGHT = """
import logging, threading
from dispatcher.telemetry.logs import guard_uncaught

guard_uncaught()
key = "%s"
logging.getLogger("asyncio").error("a library has %%s", key)

class Broken:
    def __del__(self):
        raise ValueError("dropped with " + key)

broken = Broken()
del broken

def fail():
    raise RuntimeError("broke with " + key)

thread = threading.Thread(target=fail)
thread.start()
thread.join()
fail()
"""


def test_what_nobody_catches() -> None:
    """Before there is a log: the traceback on standard error has no secret in it, in whatever thread it was raised."""
    done = subprocess.run(
        [sys.executable, "-c", UNCAUGHT % KEY], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 1
    assert done.stderr.count("RuntimeError: broke with whsec_[redacted]") == 2
    assert "ValueError: dropped with whsec_[redacted]" in done.stderr
    assert "a library has whsec_[redacted]" in done.stderr
    assert KEY[6:] not in done.stderr


def test_fields_that_every_line_has(capsys: Capture) -> None:
    """One of several workers is told apart by its lines, those of libraries among them."""
    logs.configure("json", "info", worker=2)
    logs.log_observation(o.DispatcherStopping(3))
    logging.getLogger("asyncio").warning("slow")

    assert [(line["event"], line["worker"]) for line in read(capsys)] == [("dispatcher.stopping", 2), ("slow", 2)]


def test_libraries_log_the_same_way(capsys: Capture) -> None:
    """A library's line is JSON as ours are; what the pool repeats of what we report is left out."""
    logs.configure("json", "debug")
    logging.getLogger("asyncio").warning("slow %s", "callback")
    logging.getLogger("psycopg.pool").warning("error connecting")
    (line,) = read(capsys)

    assert (line["event"], line["level"]) == ("slow callback", "warning")


@pytest.mark.parametrize(("log_format", "is_json"), [("json", True), ("console", False), ("auto", True)])
def test_formats(log_format: logs.Format, is_json: bool, capsys: Capture) -> None:
    """JSON when asked for, or when nobody looks; otherwise lines for people."""
    logs.configure(log_format, "info")
    logs.log_observation(o.DispatcherStopping(3))
    _, err = capsys.readouterr()

    assert err.startswith("{") == is_json
    assert "dispatcher.stopping" in err

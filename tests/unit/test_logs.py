"""telemetry.logs: how lines are written, ours and those of libraries, and what must not leave the process with them."""

import asyncio
import gc
import json
import logging
import subprocess
import sys

import aiohttp
import pytest
import structlog
from aiohttp import web

from dispatcher.core.sealing import Keyring
from dispatcher.telemetry import logs
from dispatcher.telemetry import observations as o
from tests.support.process import ROOT
from tests.unit.examples import HEADER_VALUE, KEY, delivery, every_observation
from tests.unit.logged import Capture, observe, read, told

pytestmark = pytest.mark.usefixtures("logging_as_it_was")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_body_secret_url_or_answer_is_logged(log_format: logs.Format, capfd: Capture) -> None:
    """Whatever is observed, at any level: neither what is sent nor where to nor what came back."""
    logs.configure(log_format, "debug")
    observe(*every_observation())
    err = told(capfd)
    owed = delivery()

    assert owed.event_id in err
    unsaid = (owed.body, "ação", owed.url, KEY, KEY[6:], HEADER_VALUE, "an excerpt of the answer")
    assert not any(text in err for text in unsaid)


def crash() -> None:
    """Fails with a signing key, a master key and a body in its local variables."""
    signing_key, master_key, body = KEY, Keyring("k1", {"k1": b"master key of thirty-two bytes.."}), delivery().body
    raise RuntimeError(f"it broke with {len((signing_key, master_key, body))} values at hand")


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("library", [False, True])
def test_a_traceback_shows_no_local_variables(log_format: logs.Format, library: bool, capfd: Capture) -> None:
    """An exception is logged with where it came from, by us and by libraries, and with none of the values there."""
    logs.configure(log_format, "info")
    try:
        crash()
    except RuntimeError:
        if library:
            logging.getLogger("some.library").exception("failed")
        else:
            structlog.get_logger("outbound_webhooks").exception("failed")
    err = told(capfd)

    assert "it broke with 3 values at hand" in err
    assert "in crash" in err or '"crash"' in err
    assert not any(text in err for text in (KEY[6:], "thirty-two", "ação", "a\\u00e7\\u00e3o"))


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_nothing_leaves_with_a_secret(log_format: logs.Format, capfd: Capture) -> None:
    """The last processor: in a message, a field, an exception and its notes, of ours and of a library's."""
    logs.configure(log_format, "debug")
    error = ValueError(f"cannot connect to postgresql://me:Sesame9@host/db with {KEY}")
    error.add_note("Authorization: Bearer Sesame9")
    url, arguments = "https://clinic.example/?token=Sesame9", {"password": "Sesame9", "keys": [KEY]}

    structlog.get_logger("outbound_webhooks").error("it.broke", error=str(error), url=url, fields=arguments)
    structlog.get_logger("outbound_webhooks").error("it.broke", exc_info=error)
    logging.getLogger("aiohttp.client").error("sent %s with %s", url, arguments, exc_info=error)
    logging.getLogger("psycopg").warning("key %s", KEY, extra={"authorization": "Sesame9"})
    err = told(capfd)

    assert err.count("[redacted]") > 10
    assert "Sesame9" not in err
    assert KEY[6:] not in err


async def test_what_asyncio_reports(capfd: Capture) -> None:
    """A task whose exception nobody took, and a callback that fails, are logged without the secret."""
    gc.collect()  # what tests before this one left is not reported here
    logs.configure("json", "info")

    async def fail() -> None:
        raise RuntimeError(f"broke with {KEY}")

    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    del task
    gc.collect()
    asyncio.get_running_loop().call_exception_handler({"message": f"a callback got {KEY}", "password": "Sesame9"})
    lines = read(capfd)

    assert [line["level"] for line in lines] == ["error", "error"]
    assert "broke with whsec_[redacted]" in str(lines[0])
    assert "a callback got whsec_[redacted]" in str(lines[1])
    assert "Sesame9" not in str(lines)


async def test_what_aiohttp_reports(capfd: Capture) -> None:
    """A handler of a server that fails: one line, with where it was, and without the secret."""
    logs.configure("json", "info")

    async def fail(_: web.Request) -> web.Response:
        raise RuntimeError(f"broke with {KEY}")

    app = web.Application()
    app.add_routes([web.get("/", fail)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{runner.addresses[0][1]}/") as answer:
        status = answer.status
    await runner.cleanup()
    (line,) = read(capfd)

    assert status == 500
    assert (line["logger"], line["level"]) == ("aiohttp.server", "error")
    assert "broke with whsec_[redacted]" in str(line["exception"])
    assert KEY[6:] not in str(line)


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


def test_fields_that_every_line_has(capfd: Capture) -> None:
    """One of several workers is told apart by its lines, those of libraries among them."""
    logs.configure("json", "info", worker=2)
    observe(o.DispatcherStopping(3))
    logging.getLogger("asyncio").warning("slow")

    assert [(line["event"], line["worker"]) for line in read(capfd)] == [("dispatcher.stopping", 2), ("slow", 2)]


def test_the_dispatcher_of_a_line(capfd: Capture) -> None:
    """From the moment it is registered every line has its id, those of libraries among them; not before."""
    logs.configure("json", "info")
    observe(o.DispatcherStopping(3), o.DispatcherRegistered(17), o.DispatcherStopping(2))
    logging.getLogger("psycopg").warning("odd")

    assert [line.get("dispatcher") for line in read(capfd)] == [None, 17, 17]


@pytest.mark.parametrize(
    "library",
    ["asyncio", "aiohttp.client", "aiohttp.server", "aiohttp.web", "aiohttp.internal", "psycopg", "psycopg.pool"],
)
def test_libraries_log_the_same_way(library: str, capfd: Capture) -> None:
    """A library's line is JSON as ours are, with its level, its time and where it stands."""
    logs.configure("json", "debug")
    logging.getLogger(library).error("slow %s", "callback")
    (line,) = read(capfd)

    assert (line["event"], line["level"], line["logger"]) == ("slow callback", "error", library)
    assert line["timestamp"].endswith("Z")


def test_what_the_pool_repeats(capfd: Capture) -> None:
    """Its warnings are about what we report, too, with the task that it kept from working."""
    logs.configure("json", "debug")
    logging.getLogger("psycopg.pool").warning("error connecting")

    assert read(capfd) == []


def test_a_line_that_does_not_fit_its_arguments(capfd: Capture) -> None:
    """A library's mistake is counted, and does not put what it would have said on standard error as it is."""
    logs.configure("json", "info")
    logging.getLogger("aiohttp.client").error("sent %d", KEY)
    logging.getLogger("aiohttp.client").error("went on")
    err = told(capfd)

    assert [json.loads(line)["event"] for line in err.splitlines()] == ["lines.lost", "went on"]
    assert KEY[6:] not in err


@pytest.mark.parametrize(("log_format", "is_json"), [("json", True), ("console", False), ("auto", True)])
def test_formats(log_format: logs.Format, is_json: bool, capfd: Capture) -> None:
    """JSON when asked for, or when nobody looks; otherwise lines for people."""
    logs.configure(log_format, "info")
    observe(o.DispatcherStopping(3))
    err = told(capfd)

    assert err.startswith("{") == is_json
    assert "dispatcher.stopping" in err

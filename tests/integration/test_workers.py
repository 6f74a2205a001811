"""run --workers N: dispatchers that start, work and stop together, as real processes."""

import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

import pytest
import trustme

from dispatcher.demo.receiver import Receiver
from tests.integration.test_crash import Gate
from tests.support.cli import cli, refused
from tests.support.host import Host
from tests.support.ops import free_port, status_of_readyz
from tests.support.process import DispatcherProcess, run_dispatcher
from tests.support.settings import environment

PAYMENTS = 20


@pytest.fixture
def two(host: Host, certificates: tuple[trustme.CA, Path]) -> dict[str, str]:
    """The environment of two workers."""
    return environment(host.url, certificates[1], workers="2", ops_port=str(free_port(2)))


async def pids(running: DispatcherProcess, host: Host, count: int = 2) -> list[int]:
    """The process ids of the workers, once all have started; they are part of the names that they register under."""
    await running.logged("dispatcher.started", count)
    rows = host.rows("select split_part(name, ':', 2)::integer as pid from outbound_webhooks.dispatchers order by id")
    return [int(str(row["pid"])) for row in rows]


def terminate(pid: int) -> None:
    """Send SIGTERM to a process; a worker without requests may have ended by now."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)


def not_stopped(host: Host) -> object:
    """How many dispatchers did not say good-bye."""
    return host.value("select count(*) from outbound_webhooks.dispatchers where stopped_at is null")


async def test_they_start_work_and_stop_together(
    host: Host, receiver: Receiver, certificates: tuple[trustme.CA, Path]
) -> None:
    """--workers wins over the setting; each has a port, base and up, and its number in its lines; SIGTERM ends all."""
    host.endpoint(receiver.url + "/")
    base = free_port(3)
    env = environment(host.url, certificates[1], workers="2", ops_port=str(base))

    async with run_dispatcher(env, "--workers", "3") as running:
        started = await running.logged("dispatcher.started", 3)
        processes = await pids(running, host, 3)
        statuses = [await status_of_readyz(base + offset) for offset in range(3)]
        for _ in range(PAYMENTS):
            host.pay()
        await running.logged("attempt.succeeded", PAYMENTS)
        running.signal(signal.SIGTERM)
        code = await running.exit_code()

    assert {(line["worker"], line["level"]) for line in started} == {(1, "info"), (2, "info"), (3, "info")}
    assert len({running.pid, *processes}) == 4
    assert statuses == [200, 200, 200]
    assert code == 0
    assert len(receiver.received) == PAYMENTS
    assert len(running.named("dispatcher.stopped")) == 3
    assert not_stopped(host) == 0


async def test_one_worker_is_one_process(host: Host, two: dict[str, str]) -> None:
    """Without the option or with --workers 1 there is no supervisor: the process that was started is the dispatcher."""
    async with run_dispatcher(two, "--workers", "1") as running:
        (pid,) = await pids(running, host, 1)
        (line,) = running.named("dispatcher.started")
        running.signal(signal.SIGTERM)
        code = await running.exit_code()

    assert pid == running.pid
    assert "worker" not in line
    assert code == 0


async def test_one_is_killed(host: Host, receiver: Receiver, two: dict[str, str]) -> None:
    """A worker that ends by itself: the other is stopped in good order; the supervisor says which, and exits 1."""
    async with run_dispatcher(two) as running:
        killed, _ = await pids(running, host)
        os.kill(killed, signal.SIGKILL)
        code = await running.exit_code()
    (text,) = running.named("text")

    assert code == 1
    assert f"of 2 (process {killed}) was ended by SIGKILL; stopping the other" in text["text"]
    assert len(running.named("dispatcher.stopped")) == 1
    assert not_stopped(host) == 1


async def test_one_is_stopped(host: Host, two: dict[str, str]) -> None:
    """A worker that somebody stops in good order is missing as well: no set of workers goes on with one less."""
    async with run_dispatcher(two) as running:
        _, stopped = await pids(running, host)
        os.kill(stopped, signal.SIGTERM)
        code = await running.exit_code()
    (text,) = running.named("text")

    assert code == 1
    assert f"(process {stopped}) ended with exit code 0; stopping the other" in text["text"]
    assert not_stopped(host) == 0


async def test_everybody_is_told_to_stop(host: Host, receiver: Receiver, two: dict[str, str]) -> None:
    """A service manager signals the workers, and so does the supervisor: twice is once, and requests are finished."""
    gate = Gate()
    receiver.default = gate.answer
    host.endpoint(receiver.url + "/")

    async with run_dispatcher(two) as running:
        workers = await pids(running, host)
        for _ in range(PAYMENTS):
            host.pay()
        await receiver.wait_for_count(10)
        # The supervisor first: to it a worker that ends before it knows of a stop is missing.
        for pid in [running.pid, *workers]:
            terminate(pid)
        await running.logged("dispatcher.stopping", 2)
        for pid in workers:
            terminate(pid)
        gate.opened.set()
        code = await running.exit_code()

    assert code == 0
    assert host.value("select count(*) from outbound_webhooks.attempts where outcome = 'succeeded'") == 10
    assert host.value("select count(*) from outbound_webhooks.attempts") == 10
    assert not_stopped(host) == 0


async def test_a_second_signal_ends_all_at_once(host: Host, receiver: Receiver, two: dict[str, str]) -> None:
    """Whoever cannot wait for the requests in flight asks again: nobody waits, and the exit code says so."""
    receiver.default = Gate().answer
    host.endpoint(receiver.url + "/")

    async with run_dispatcher(two) as running:
        host.pay()
        await receiver.wait_for_count(1)
        await running.logged("dispatcher.started", 2)
        running.signal(signal.SIGINT)
        await running.logged("dispatcher.stopping", 2)
        running.signal(signal.SIGINT)
        code = await running.exit_code()

    assert code == 1
    assert any("was ended by SIGKILL" in line["text"] for line in running.named("text"))


async def test_the_supervisor_is_killed(host: Host, receiver: Receiver, two: dict[str, str]) -> None:
    """kill -9 of the supervisor: no worker stays behind, and each ends in good order, so that nothing is sent twice."""
    gate = Gate()
    receiver.default = gate.answer
    host.endpoint(receiver.url + "/")

    async with run_dispatcher(two) as running:
        await running.logged("dispatcher.started", 2)
        host.pay()
        await receiver.wait_for_count(1)
        running.signal(signal.SIGKILL)
        await running.logged("dispatcher.stopping", 2)
        gate.opened.set()
        code = await running.exit_code()  # of the supervisor; and its workers' ends of standard error are closed

    assert code == -signal.SIGKILL
    assert len(running.named("dispatcher.stopped")) == 2
    assert not_stopped(host) == 0
    assert host.value("select count(*) from outbound_webhooks.attempts where outcome = 'succeeded'") == 1


async def test_one_cannot_start(host: Host, two: dict[str, str]) -> None:
    """The second one's port is taken: it says so, the supervisor says who it was, and ends as one would, with 2."""
    base = int(two["OUTBOUND_WEBHOOKS_OPS_PORT"])
    with socket.create_server(("127.0.0.1", base + 1)):
        async with run_dispatcher(two) as running:
            code = await running.exit_code()
    texts = [line["text"] for line in running.named("text")]

    assert code == 2
    assert any(f"cannot serve on 127.0.0.1:{base + 1}" in text for text in texts)
    assert any("worker 2 of 2" in text and "ended with exit code 2; stopping the other" in text for text in texts)


def test_bad_numbers(env: dict[str, str]) -> None:
    """What is no number of workers, too many, or more than there are ports: said, and exit code 2."""
    setting = "OUTBOUND_WEBHOOKS_WORKERS"
    last_port = {**env, "OUTBOUND_WEBHOOKS_OPS_PORT": "65535"}

    for wrong in ("0", "-1", "two", "1.5", ""):
        assert refused(cli("run", "--workers", wrong, **env), "--workers", "is not a number from 1 on")
    assert refused(cli("run", "--workers", "101", **env), "--workers 101: at most 100")
    assert refused(cli("run", **{**env, setting: "0"}), f"{setting}: Input should be greater than or equal to 1")
    assert refused(cli("run", **{**env, setting: "many"}), f"{setting}: Input should be a valid integer")
    assert refused(cli("run", "--workers", "2", **last_port), "2 workers need", "OUTBOUND_WEBHOOKS_OPS_PORT (65535)")


def test_what_none_could_start_without_is_said_once(env: dict[str, str]) -> None:
    """No key, no server: one message, as of one dispatcher."""
    no_key = cli("run", "--workers", "3", **{**env, "OUTBOUND_WEBHOOKS_MASTER_KEYS": ""})
    no_server = f"postgresql://somebody@127.0.0.1:{free_port()}/x"
    no_database = cli("run", "--workers", "3", **{**env, "OUTBOUND_WEBHOOKS_DATABASE_URL": no_server})

    assert refused(no_key, "OUTBOUND_WEBHOOKS_MASTER_KEYS: not set")
    assert refused(no_database, "cannot connect to the database")
    assert no_key.err.count("MASTER_KEYS: not set") == 1
    assert no_database.err.count("cannot connect") == 1

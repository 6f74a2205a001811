"""The log of a real process: the trace of a payment in it, a storm, and standard error that nobody reads."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
import trustme

from dispatcher.core.storms import LINES, WINDOW_SECONDS
from dispatcher.demo.receiver import Receiver
from tests.support.host import Host
from tests.support.pipes import Pipe, open_pipe
from tests.support.polling import holds
from tests.support.process import ROOT, clean_environment, run_dispatcher
from tests.support.settings import environment
from tests.support.traces import ACTOR, REQUEST_ID, TRACE_ID, TRACEPARENT, WRITTEN_BY, told

FAILURES = 1000
PAYMENTS = 10


@pytest.fixture
def env(host: Host, certificates: tuple[trustme.CA, Path]) -> dict[str, str]:
    """The environment of a dispatcher."""
    return environment(host.url, certificates[1])


async def test_a_trace_from_the_payment_to_the_log(host: Host, receiver: Receiver, env: dict[str, str]) -> None:
    """The line of each attempt has the ids that the receiver got, and those by which we look; it has no actor."""
    host.endpoint(receiver.url + "/", retry_schedule=[0, 0])
    receiver.answer_next(503)
    with told(host, **WRITTEN_BY):
        host.pay()

    async with run_dispatcher(env) as running:
        (succeeded,) = await running.logged("attempt.succeeded")
        (failed,) = running.named("attempt.failed")
        (started,) = running.named("dispatcher.started")
        running.signal(signal.SIGTERM)
        await running.exit_code()
    (delivery,) = host.rows(
        "select id, event_id::text, endpoint_id, clinic_id from outbound_webhooks.finished_deliveries"
    )
    first, retry = receiver.received

    assert first.headers["traceparent"] == retry.headers["traceparent"] == TRACEPARENT
    for line, number in ((failed, 1), (succeeded, 2)):
        assert (line["trace_id"], line["request_id"], line["attempt"]) == (TRACE_ID, REQUEST_ID, number)
        assert [line[name] for name in ("delivery", "webhook_id", "endpoint", "clinic")] == list(delivery.values())
    assert {line.get("dispatcher") for line in running.lines} == {started["dispatcher"]}
    assert ACTOR not in str(running.lines)


def windows(lines: list[dict[str, Any]]) -> float:
    """How many windows there can have been between the first line and the last, by their times."""
    first, last = (datetime.fromisoformat(lines[n]["timestamp"]) for n in (0, -1))
    return (last - first).total_seconds() / WINDOW_SECONDS + 1


async def test_a_storm(host: Host, receiver: Receiver, env: dict[str, str]) -> None:
    """A thousand failures of one endpoint: a few lines, and counts that add up to the rows in the database."""
    host.endpoint(receiver.url + "/", retry_schedule=[0, 3600], max_in_flight=100)
    host.rows("update outbound_webhooks.settings set breaker_failures = 1000")
    receiver.default = 400
    host.rows("insert into payment_transactions (clinic_id) select 'clinic-1' from generate_series(1, %s)", FAILURES)

    async with run_dispatcher(env) as running:
        await holds(
            lambda: host.value("select count(*) from outbound_webhooks.attempts where outcome = 'failed'") == FAILURES
        )
        running.signal(signal.SIGTERM)
        assert await running.exit_code() == 0
    lines = Counter(line["event"] for line in running.lines)
    summaries = running.named("lines.suppressed")

    assert lines["attempt.failed"] + sum(line["lines"] for line in summaries) == FAILURES
    assert all(line["counts"] == {"attempt.failed": line["lines"]} for line in summaries)
    assert lines["attempt.failed"] <= LINES * windows(running.lines)


@asynccontextmanager
async def dispatching(env: dict[str, str], stderr: FileIO | None) -> AsyncIterator[asyncio.subprocess.Process]:
    """A dispatcher that logs there, or whose standard error is closed; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", 'exec "$@" 2>&-' if stderr is None else 'exec "$@"', "sh"),
        *(sys.executable, "-m", "dispatcher", "run"),
        cwd=ROOT,
        env=clean_environment(**env),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=stderr,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def stands_still(pipe: Pipe) -> FileIO:
    """Standard error that is full, and that nobody reads."""
    pipe.fill()
    return pipe.into


def is_gone(pipe: Pipe) -> FileIO:
    """Standard error whose reader has ended."""
    pipe.out.close()
    return pipe.into


def is_closed(_: Pipe) -> None:
    """No standard error at all: the next descriptor that is opened would be taken for it."""


@pytest.mark.parametrize("stderr", [stands_still, is_gone, is_closed])
async def test_nobody_reads(
    host: Host, receiver: Receiver, env: dict[str, str], stderr: Callable[[Pipe], FileIO | None]
) -> None:
    """It delivers, and it stops in good order, all the same."""
    host.endpoint(receiver.url + "/")

    with open_pipe() as pipe:
        async with dispatching(env, stderr(pipe)) as process:
            for _ in range(PAYMENTS):
                host.pay()
            await receiver.wait_for_count(PAYMENTS)
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(60):
                code = await process.wait()

    assert code == 0
    assert host.value("select count(*) from outbound_webhooks.attempts where outcome = 'succeeded'") == PAYMENTS
    assert host.value("select count(*) from outbound_webhooks.dispatchers where stopped_at is null") == 0

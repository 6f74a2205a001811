"""Three dispatchers are replaced one after the other under load: nothing is sent twice, and no answer is lost."""

import asyncio
import itertools
import signal
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import psycopg
import trustme
from aiohttp import web

from dispatcher.demo.receiver import Receiver
from tests.support.host import Host
from tests.support.process import DispatcherProcess, run_dispatcher
from tests.support.settings import environment

CLINICS = ("clinic-1", "clinic-2", "clinic-3")
DISPATCHERS = 3
AHEAD = 100  # payments that were written and have not arrived, at most: as fast as this machine can
AT_WORK = 50  # attempts of a dispatcher, after which it is in the middle of it


async def answer_after_a_while(_: web.Request) -> web.Response:
    """Requests last: a dispatcher that is told to stop has some in flight."""
    await asyncio.sleep(1)
    return web.Response(status=204)


async def pay_until(stop: asyncio.Event, url: str, receiver: Receiver) -> int:
    """Write payments of all clinics, never far ahead of what arrives; returns how many."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        for count, clinic in enumerate(itertools.cycle(CLINICS), 1):
            await connection.execute("insert into payment_transactions (clinic_id) values (%s)", (clinic,))
            if stop.is_set():
                return count
            await receiver.wait_for(lambda r, written=count: len(r.received) >= written - AHEAD)  # type: ignore[misc]
    raise AssertionError("a cycle has no end")


async def start(stack: AsyncExitStack, env: dict[str, str]) -> DispatcherProcess:
    """Start a dispatcher, and wait until it is at work."""
    started = await stack.enter_async_context(run_dispatcher(env))
    await started.logged("attempt.succeeded", AT_WORK)
    return started


async def stop(running: DispatcherProcess) -> int:
    """Stop a dispatcher as a service manager does; returns its exit code."""
    running.signal(signal.SIGTERM)
    return await running.exit_code()


async def test_nothing_twice_and_nothing_lost(
    host: Host, receiver: Receiver, certificates: tuple[trustme.CA, Path]
) -> None:
    """Every payment that is written during a rolling restart arrives, exactly once."""
    for clinic in CLINICS:
        host.endpoint(receiver.url + "/", clinic, max_in_flight=20)
    receiver.default = answer_after_a_while
    env = environment(host.url, certificates[1])
    end = asyncio.Event()

    async with AsyncExitStack() as stack:
        writing = asyncio.create_task(pay_until(end, host.url, receiver))
        before = await asyncio.gather(*(start(stack, env) for _ in range(DISPATCHERS)))
        codes, after = [], []
        for old in before:
            codes.append(await stop(old))
            after.append(await start(stack, env))
        end.set()
        payments = await writing
        await receiver.wait_for_count(payments)
        codes += [await stop(running) for running in after]

    times = Counter(request.webhook_id for request in receiver.received)
    in_flight = [old.named("dispatcher.stopping")[0]["in_flight"] for old in before]
    by_outcome = {
        str(row["outcome"]): row["n"]
        for row in host.rows("select outcome, count(*) as n from outbound_webhooks.attempts group by outcome")
    }

    assert codes == [0] * 2 * DISPATCHERS
    assert len(times) == payments
    assert set(times.values()) == {1}
    assert by_outcome == {"succeeded": payments}
    assert host.value("select count(*) from outbound_webhooks.deliveries") == 0
    assert not any(one.named("leases.freed") for one in [*before, *after])
    # It was under load: requests were in flight when their dispatchers were told to stop.
    assert sum(in_flight) > 0

"""kill -9: another dispatcher takes over the requests of the dead one, and the maintenance."""

import asyncio
import signal
from collections import Counter, defaultdict
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import trustme

from dispatcher.demo.receiver import Receiver
from tests.integration.test_crash import Gate
from tests.support.host import Host
from tests.support.process import DispatcherProcess, run_dispatcher
from tests.support.settings import environment

PAYMENTS = 10
# Of the 15 s after which a dispatcher without a heartbeat is dead: as if so much of them had passed.
PASSED = "interval '12 seconds'"


async def kill(running: DispatcherProcess, host: Host) -> int:
    """Kill a dispatcher, and make some time pass for it; returns its id."""
    (started,) = await running.logged("dispatcher.started")
    running.signal(signal.SIGKILL)
    await running.exit_code()
    dead = int(started["dispatcher"])
    host.rows(f"update outbound_webhooks.dispatchers set heartbeat_at = heartbeat_at - {PASSED} where id = %s", dead)
    host.rows(
        f"update outbound_webhooks.leadership set held_until = held_until - {PASSED} where dispatcher_id = %s", dead
    )
    return dead


async def test_its_requests_are_taken_over(
    host: Host, receiver: Receiver, certificates: tuple[trustme.CA, Path]
) -> None:
    """As soon as its heartbeat is 15 s old, and not when its leases run out: the same ids, the same bytes."""
    gate = Gate()
    receiver.default = gate.answer
    host.endpoint(receiver.url + "/", max_in_flight=PAYMENTS)
    env = environment(host.url, certificates[1])

    async with run_dispatcher(env) as killed, run_dispatcher(env) as other:
        await other.logged("dispatcher.started")
        other.signal(signal.SIGSTOP)  # all of them are the first one's
        for _ in range(PAYMENTS):
            host.pay()
        await receiver.wait_for_count(PAYMENTS)
        leases_end = host.value("select min(lease_until) from outbound_webhooks.deliveries")
        dead = await kill(killed, host)
        other.signal(signal.SIGCONT)
        gate.opened.set()
        await other.logged("attempt.succeeded", PAYMENTS)
    (taken_over,) = host.rows(
        "select count(*) as n, min(a.recorded_at) - max(d.heartbeat_at) >= interval '15 seconds' as was_dead,"
        " max(a.recorded_at) < %s as before_they_ended"
        " from outbound_webhooks.attempts as a join outbound_webhooks.dispatchers as d on d.id = a.dispatcher_id"
        " where a.outcome = 'lost' and d.id = %s",
        leases_end,
        dead,
    )
    bodies = defaultdict(set)
    for request in receiver.received:
        bodies[request.webhook_id].add(request.body)

    assert taken_over == {"n": PAYMENTS, "was_dead": True, "before_they_ended": True}
    assert set(Counter(request.webhook_id for request in receiver.received).values()) == {2}
    assert len(bodies) == PAYMENTS
    assert {len(variants) for variants in bodies.values()} == {1}


def leads(line: dict[str, Any]) -> bool:
    """Whether a log line says that its dispatcher leads from now on."""
    return line.get("event") == "leadership.changed" and line["leading"] is True


async def test_its_maintenance_is_taken_over(
    host: Host, receiver: Receiver, certificates: tuple[trustme.CA, Path]
) -> None:
    """The leader is dead: one of the others leads within 30 s of its last heartbeat, and does what a leader does."""
    env = environment(host.url, certificates[1])

    async with AsyncExitStack() as stack:
        leader = await stack.enter_async_context(run_dispatcher(env))
        await leader.until(leads)
        others = [await stack.enter_async_context(run_dispatcher(env)) for _ in range(2)]
        for other in others:
            await other.logged("dispatcher.started")
        dead = await kill(leader, host)
        watched = [asyncio.create_task(other.until(leads)) for other in others]
        await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
        leading = [other for other, task in zip(others, watched, strict=True) if task.done()]
        (row,) = host.rows(
            "select l.dispatcher_id,"
            " l.held_until - interval '15 seconds' <= d.heartbeat_at + interval '30 seconds' as within_30_s"
            " from outbound_webhooks.leadership as l cross join outbound_webhooks.dispatchers as d where d.id = %s",
            dead,
        )
        host.endpoint(receiver.url + "/")  # its signing key is in clear
        await leading[0].logged("secrets.sealed")
        for task in watched:
            task.cancel()

    (started,) = leading[0].named("dispatcher.started")
    assert len(leading) == 1
    assert row == {"dispatcher_id": started["dispatcher"], "within_30_s": True}

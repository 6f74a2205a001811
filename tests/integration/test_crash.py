"""A dispatcher is killed, or stopped, in mid-flight: everything arrives, and every request has its row."""

import asyncio
import signal
from collections import Counter
from pathlib import Path

import trustme
from aiohttp import web

from dispatcher.demo.receiver import Receiver
from tests.support.host import Host
from tests.support.process import run_dispatcher
from tests.support.settings import environment

PAYMENTS = 50


class Gate:
    """Holds requests until it is opened, then answers 204."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()

    async def answer(self, _: web.Request) -> web.Response:
        """Answer once the gate is open."""
        await self.opened.wait()
        return web.Response(status=204)


def requests_and_rows(host: Host, receiver: Receiver) -> tuple[Counter[str], Counter[str]]:
    """How often each webhook-id was received, and how many attempt rows it has."""
    rows = host.rows(
        "select f.event_id::text as id, count(*) as rows from outbound_webhooks.attempts as a"
        " join outbound_webhooks.finished_deliveries as f on f.id = a.delivery_id group by f.event_id"
    )
    return Counter(r.webhook_id for r in receiver.received), Counter({str(r["id"]): int(str(r["rows"])) for r in rows})


async def test_killed_in_mid_flight(host: Host, receiver: Receiver, certificates: tuple[trustme.CA, Path]) -> None:
    """kill -9 while requests are out: a new dispatcher sends again; duplicates are only what was in flight.

    Every request that the receiver saw has an attempt row: `lost` where the answer was not recorded.
    """
    gate = Gate()
    receiver.default = gate.answer
    host.endpoint(receiver.url + "/", max_in_flight=20)
    env = environment(host.url, certificates[1])

    async with run_dispatcher(env) as first:
        for _ in range(PAYMENTS):
            host.pay()
        await receiver.wait_for_count(20)
        first.signal(signal.SIGKILL)
        await first.exit_code()
    in_flight = len(receiver.received)
    gate.opened.set()
    # Its heartbeat is seconds old: as dead as 15 s make it.
    host.rows("update outbound_webhooks.dispatchers set heartbeat_at = heartbeat_at - interval '1 minute'")

    async with run_dispatcher(env) as second:
        await second.logged("attempt.succeeded", PAYMENTS)
        second.signal(signal.SIGTERM)
        second_code = await second.exit_code()
    requests, rows = requests_and_rows(host, receiver)

    assert second_code == 0
    assert in_flight == 20
    assert len(requests) == PAYMENTS
    assert requests.total() == PAYMENTS + in_flight
    assert requests == rows
    assert host.value("select count(*) from outbound_webhooks.attempts where outcome = 'lost'") == in_flight
    assert host.value("select count(*) from outbound_webhooks.deliveries") == 0
    # A crash of ours is not the endpoint's failure.
    assert host.value("select max(failure_count) from outbound_webhooks.finished_deliveries") == 0


async def test_stopped_in_good_order(host: Host, receiver: Receiver, certificates: tuple[trustme.CA, Path]) -> None:
    """SIGTERM: nothing new is claimed, what is in flight is finished and recorded, exit 0; the rest waits."""
    gate = Gate()
    receiver.default = gate.answer
    host.endpoint(receiver.url + "/", max_in_flight=5)

    async with run_dispatcher(environment(host.url, certificates[1])) as running:
        for _ in range(PAYMENTS):
            host.pay()
        await receiver.wait_for_count(5)
        running.signal(signal.SIGTERM)
        await running.logged("dispatcher.stopping")
        gate.opened.set()
        code = await running.exit_code()

    assert code == 0
    assert len(receiver.received) == 5
    assert host.value("select count(*) from outbound_webhooks.finished_deliveries where state = 'succeeded'") == 5
    assert host.value("select count(*) from outbound_webhooks.deliveries where lease_token is null") == PAYMENTS - 5
    assert host.value("select count(*) from outbound_webhooks.dispatchers where stopped_at is null") == 0


async def test_grace_ends(host: Host, receiver: Receiver, certificates: tuple[trustme.CA, Path]) -> None:
    """A receiver that never answers does not hold up SIGTERM for longer than the grace: its request stands as lost."""
    receiver.default = Gate().answer
    host.endpoint(receiver.url + "/")

    async with run_dispatcher(environment(host.url, certificates[1], shutdown_grace_seconds="0.2")) as running:
        host.pay()
        await receiver.wait_for_count(1)
        running.signal(signal.SIGTERM)
        code = await running.exit_code()
    (attempt,) = host.rows("select number, outcome from outbound_webhooks.attempts")
    (delivery,) = host.rows("select attempt_count, failure_count, lease_token from outbound_webhooks.deliveries")

    assert code == 0
    assert attempt == {"number": 1, "outcome": "lost"}
    assert delivery == {"attempt_count": 1, "failure_count": 0, "lease_token": None}


async def test_frozen_past_its_lease(host: Host, receiver: Receiver, certificates: tuple[trustme.CA, Path]) -> None:
    """A dispatcher frozen with a request out is taken over; its late result moves nothing, and stays one row."""
    gate = Gate()
    receiver.answer_next(gate.answer)
    host.endpoint(receiver.url + "/", timeout_seconds=60)  # which goes on while it is frozen, and the other one starts
    env = environment(host.url, certificates[1])

    async with run_dispatcher(env) as frozen:
        host.pay()
        await receiver.wait_for_count(1)
        frozen.signal(signal.SIGSTOP)
        host.rows("update outbound_webhooks.dispatchers set heartbeat_at = heartbeat_at - interval '1 minute'")
        async with run_dispatcher(env) as other:
            await other.logged("attempt.succeeded")
            gate.opened.set()
            frozen.signal(signal.SIGCONT)
            stale = await frozen.until(lambda line: line.get("stale") is True)
            other.signal(signal.SIGTERM)
            await other.exit_code()
    attempts = host.rows("select number, outcome, note from outbound_webhooks.attempts order by number")

    assert stale["event"] == "attempt.succeeded"
    assert attempts == [
        {"number": 1, "outcome": "succeeded", "note": "late"},
        {"number": 2, "outcome": "succeeded", "note": None},
    ]
    assert host.value("select attempt_count from outbound_webhooks.finished_deliveries") == 2

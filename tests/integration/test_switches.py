"""The switches: capture in the database, delivery in the environment; and what happens to what waited."""

import asyncio
import json
import time

import aiohttp
from aiohttp import web

from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.observations import AttemptFinished, BacklogTreated, Claimed, StatsRefreshed
from tests.conftest import StartDispatcher
from tests.support.cli import cli
from tests.support.host import Host
from tests.support.ops import free_port

# Of a backlog at 1 a second, how many were due when the newest delivery was written: 1, but for a machine that stalls.
DUE_BEFORE = """
    select ceil(extract(epoch from d.next_attempt_at - s.delivering_since))::integer
    from outbound_webhooks.deliveries as d, outbound_webhooks.settings as s order by d.id desc limit 1
"""


async def readyz(port: int) -> tuple[int, dict[str, dict[str, str]]]:
    """Ask /readyz; returns its status and its checks."""
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/readyz") as response:
        return response.status, (await response.json())["checks"]


async def test_capture_off_writes_nothing(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """While capture is off, a payment leaves no event, no delivery and no ledger row."""
    host.endpoint(receiver.url + "/")
    host.rows("select outbound_webhooks.set_capture(false)")

    async with dispatcher():
        host.pay()

    assert host.value("select count(*) from outbound_webhooks.events") == 0
    assert host.value("select count(*) from outbound_webhooks.delivery_log") == 0
    assert host.value("select count(*) from outbound_webhooks.capture_errors") == 0


async def test_delivery_off_waits_and_says_why(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """With delivery off nothing is claimed; /readyz is ready, and says which switch keeps how many waiting."""
    host.endpoint(receiver.url + "/")
    for _ in range(3):
        host.pay()
    port = free_port()

    async with dispatcher(enabled=False, ops_port=port):
        status, checks = await readyz(port)

    assert status == 200
    assert checks["delivery"] == {
        "status": "ok",
        "detail": "off: OUTBOUND_WEBHOOKS_ENABLED is not true; waiting: 3",
    }
    assert receiver.received == []
    assert host.value("select count(*) from outbound_webhooks.deliveries where attempt_count = 0") == 3


async def test_drain(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """Turned on with drain: what waited is spread at the rate, oldest first; a new payment goes at once."""
    host.endpoint(receiver.url + "/", max_in_flight=1)
    waited = [host.pay() for _ in range(20)]

    async with dispatcher(backlog="drain", backlog_rate=1) as seen:
        (treated,) = await seen.count(BacklogTreated)
        with host.connection.transaction():
            fresh = host.pay()
            due_before = int(str(host.value(DUE_BEFORE)))
        attempts = await seen.count(AttemptFinished, due_before + 2)
    sent = [json.loads(attempt.delivery.body)["data"]["id"] for attempt in attempts[: due_before + 2]]
    spread = host.value(
        "select extract(epoch from max(next_attempt_at) - min(next_attempt_at)) / (count(*) - 1)"
        " from outbound_webhooks.deliveries"
    )

    assert treated == BacklogTreated("drain", 20, 1)
    assert sent == [str(payment) for payment in (*waited[:due_before], fresh, waited[due_before])]
    assert spread == 1


async def test_from_now(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """Turned on with from-now: what waited is cancelled with the reason; only new payments are sent."""
    host.endpoint(receiver.url + "/")
    for _ in range(5):
        host.pay()

    async with dispatcher(backlog="from-now") as seen:
        (treated,) = await seen.count(BacklogTreated)
        host.pay()
        await receiver.wait_for_count(1)
        await seen.count(AttemptFinished)
    states = host.rows(
        "select state, reason, count(*) as n from outbound_webhooks.finished_deliveries group by 1, 2 order by 1"
    )

    assert treated.deliveries == 5
    assert states == [
        {"state": "cancelled", "reason": "waited while delivery was off", "n": 5},
        {"state": "succeeded", "reason": None, "n": 1},
    ]


async def test_a_restart_is_not_turning_on(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """A dispatcher that was stopped and started again sends what waited meanwhile, even with from-now."""
    host.endpoint(receiver.url + "/")

    async with dispatcher(backlog="from-now"):
        pass
    host.pay()
    async with dispatcher(backlog="from-now") as seen:
        await seen.count(AttemptFinished)

    assert len(receiver.received) == 1
    assert seen.of(BacklogTreated) == []


async def test_off_and_on_again(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """Delivery that was off for 10 minutes, while a dispatcher ran without it, leaves a backlog."""
    host.endpoint(receiver.url + "/")

    async with dispatcher():
        pass
    host.rows(
        "update outbound_webhooks.dispatchers"
        " set heartbeat_at = heartbeat_at - interval '11 minutes', stopped_at = stopped_at - interval '11 minutes'"
    )
    async with dispatcher(enabled=False):
        host.pay()
    async with dispatcher(backlog="from-now") as seen:
        (treated,) = await seen.count(BacklogTreated)

    assert treated.deliveries == 1
    assert receiver.received == []


async def test_delivery_off_while_it_runs(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """Nothing starts later than 2 s after the commit, though requests are out and payments come in; what is out ends.

    Turned on again, what waited is drained at the rate.
    """
    host.endpoint(receiver.url + "/", max_in_flight=1)
    release = asyncio.Event()

    async def hold(_: web.Request) -> web.StreamResponse:
        await release.wait()
        return web.Response(status=204)

    receiver.answer_next(hold, path="/")
    port = free_port()
    async with dispatcher(ops_port=port) as seen:
        first = host.pay()
        await receiver.wait_for_count(1)
        host.rows("select outbound_webhooks.set_delivery(false, 'the receivers are flooded')")
        off_at = time.time()
        waiting = [host.pay() for _ in range(3)]
        release.set()
        await seen.count(AttemptFinished)
        claims = len(seen.of(Claimed))
        await seen.until(lambda: len(seen.of(Claimed)) > claims + 2 and time.time() > off_at + 2)
        await seen.until(lambda: (last := seen.of(StatsRefreshed)[-1]).pending == 3 and not last.delivery)
        status, checks = await readyz(port)
        sent_while_off = len(receiver.received)
        on_at = time.time()
        waited = host.value("select outbound_webhooks.set_delivery(true, null, 2)")
        attempts = await seen.count(AttemptFinished, 4)
    sent = [json.loads(attempt.delivery.body)["data"]["id"] for attempt in attempts]
    began = [request.at for request in receiver.received[1:]]

    assert sent_while_off == 1
    assert status == 200
    assert checks["delivery"] == {
        "status": "warning",
        "detail": "switched off for all: outbound-webhooks delivery on; waiting: 3",
    }
    assert waited == 3
    assert sent == [str(payment) for payment in (first, *waiting)]
    # Not before their time; how much later is for the machine to say.
    assert all(at >= on_at + n / 2 for n, at in enumerate(began))


def test_the_command(host: Host, env: dict[str, str]) -> None:
    """`delivery off` says what happens to captures, `on` how much waited; who did it is in the view."""
    host.endpoint("https://clinic.example/")
    host.pay()

    off = cli("delivery", "off", "--reason", "maintenance", **env)
    shown = cli("switches", **env)
    on = cli("delivery", "on", "--rate", "5", **env)
    bad = cli("delivery", "on", "--rate", "0", **env)

    assert (off.code, off.out) == (0, "delivery is off: what is captured waits until `delivery on`\n")
    assert [line.split()[-1] for line in shown.out.splitlines() if line.startswith("delivery  all")] == ["maintenance"]
    assert (on.code, on.out.splitlines()) == (
        0,
        [
            "delivery is on",
            "1 deliveries waited, and are sent at up to 5 a second",
            "no dispatcher delivers: run one with OUTBOUND_WEBHOOKS_ENABLED=true",
        ],
    )
    assert bad.code == 2

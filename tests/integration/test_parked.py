"""Stopped endpoints: what is due to them is kept, and drained at a rate, in order, once they are resumed."""

import asyncio
import json
import time
from collections import defaultdict
from datetime import timedelta

import pytest
from aiohttp import web

from dispatcher.core.verdict import ANSWERED_GONE
from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.observations import (
    AttemptFinished,
    BreakerChanged,
    DeliveriesSettled,
    EndpointDisabled,
    Observation,
)
from tests.conftest import StartDispatcher
from tests.support.host import Host
from tests.support.seen import Seen

UNPARKED = "select count(*) from outbound_webhooks.deliveries where parked_reason is null"
TOLD = "select count(disabled_told_at) from outbound_webhooks.endpoint_flow"
PAYMENTS = 20
EVENTS = 1000


def settled(seen: Seen) -> int:
    """How many deliveries were parked or made due so far."""
    return sum(observation.count for observation in seen.of(DeliveriesSettled))


async def test_resumed(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """Paused for a while, 1,000 events, resumed at 250 a second: all arrive, each payment's in order, and no faster."""
    rate = 250
    endpoint = host.endpoint(receiver.url + "/", ordering="per_resource", max_in_flight=50)
    host.rows("select outbound_webhooks.pause_endpoint(%s, 'maintenance')", endpoint.id)

    async with dispatcher() as seen:
        for _ in range(PAYMENTS):
            host.pay()
        for change in range(EVENTS // PAYMENTS - 1):
            host.rows("update payment_transactions set status = %s", "paid" if change % 2 else "failed")
        await seen.until(lambda: settled(seen) >= EVENTS)
        while_paused = len(receiver.received)
        resumed_at = time.time()
        host.rows("select outbound_webhooks.resume_endpoint(%s, %s)", endpoint.id, rate)
        await receiver.wait_for_count(EVENTS)
        await seen.count(AttemptFinished, EVENTS)

    assert while_paused == 0
    assert in_order(receiver) == {str(payment): host_order(host, payment) for payment in range(1, PAYMENTS + 1)}
    # The last one is due so long after the resumption: an upper bound of the rate, however late the first one arrives.
    assert receiver.received[-1].at - resumed_at >= (EVENTS - 1) / rate
    assert host.value("select count(*) from outbound_webhooks.deliveries") == 0


def in_order(receiver: Receiver) -> dict[str, list[str]]:
    """The webhook-ids as they arrived, by payment."""
    found = defaultdict(list)
    for request in receiver.received:
        found[json.loads(request.body)["data"]["id"]].append(request.webhook_id)
    return found


def host_order(host: Host, payment: int) -> list[str]:
    """The ids of a payment's events, as they were committed."""
    rows = host.rows(
        "select event_id from outbound_webhooks.finished_deliveries as f join outbound_webhooks.events as e"
        " on e.id = f.event_id where e.resource_id = %s order by f.id",
        str(payment),
    )
    return [str(row["event_id"]) for row in rows]


async def test_gone_in_mid_flight(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """One of many requests is answered 410: the endpoint is disabled, and 2 s after that nothing new starts."""
    host.endpoint(receiver.url + "/", max_in_flight=5)

    async def answer(request: web.Request) -> web.Response:
        number = len(receiver.received)
        await asyncio.sleep(0.01)
        return web.Response(status=410 if number == 30 else 204)

    receiver.default = answer
    async with dispatcher() as seen:
        for _ in range(300):
            host.pay()
        (disabled,) = await seen.count(EndpointDisabled)
        await seen.until(lambda: settled(seen) >= 1)
        host.rows("insert into payment_transactions (clinic_id) select 'clinic-1' from generate_series(1, 20)")
        await seen.until(lambda: host.value(UNPARKED) == 0)
    # When it was sent, and not when the receiver came to look: this process is both, and may have to wait for its turn.
    last_start = host.value(
        "select max(a.started_at) - max(e.state_changed_at) from outbound_webhooks.attempts as a,"
        " outbound_webhooks.endpoints as e"
    )

    assert isinstance(last_start, timedelta)
    assert disabled.reason == ANSWERED_GONE
    assert last_start < timedelta(seconds=2)
    assert host.value("select count(*) from outbound_webhooks.deliveries where parked_reason = 'disabled'") == (
        320 - len({request.webhook_id for request in receiver.received}) + 1
    )


async def test_a_breaker_opens_and_closes(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """Failures in a row open it; after the cooldown one probe goes, and once it succeeds all the others do."""
    host.endpoint(receiver.url + "/", retry_schedule=[0, 0, 0, 0, 0, 0])
    host.rows("update outbound_webhooks.settings set breaker_failures = 3, breaker_cooldown_seconds = 1")
    receiver.answer_next(*[500] * 3)
    receiver.default = 204

    async with dispatcher() as seen:
        host.pay()
        await seen.count(BreakerChanged)
        opened = len(receiver.received)
        for _ in range(9):
            host.pay()
        await seen.until(lambda: sum(a.result.succeeded for a in seen.of(AttemptFinished)) == 10)
    reasons = host.rows("select reason, outcome from outbound_webhooks.attempts order by recorded_at limit 4")

    assert opened == 3
    assert [change.is_open for change in seen.of(BreakerChanged)] == [True, False]
    assert reasons[-1] == {"reason": "probe", "outcome": "succeeded"}
    assert host.value("select breaker from outbound_webhooks.endpoint_flow") == "closed"


@pytest.mark.parametrize("pattern", ["endpoint.*", "endpoint.disabled", "*"])
async def test_who_is_told(host: Host, receiver: Receiver, dispatcher: StartDispatcher, pattern: str) -> None:
    """An endpoint that is disabled is told to the clinic's others that ask for it by name; `*` does not."""
    host.endpoint(receiver.url + "/gone", event_types=["payment_transaction.*"])
    operator = host.endpoint(receiver.url + "/operator", event_types=[pattern])
    receiver.keys["/operator"] = [operator.secret]
    receiver.answer_next(410, path="/gone")
    asks = pattern != "*"

    def told(observation: Observation) -> bool:
        return isinstance(observation, AttemptFinished) and observation.delivery.event_type == "endpoint.disabled"

    async with dispatcher() as seen:
        host.pay()
        await seen.count(EndpointDisabled)
        if asks:
            await seen.until(lambda: any(told(observation) for observation in seen.all))
        else:
            await seen.until(lambda: host.value(TOLD) == 1)
    bodies = [json.loads(request.body) for request in receiver.at("/operator") if request.verified]
    notices = [body for body in bodies if body["type"] == "endpoint.disabled"]

    assert [notice["data"] for notice in notices] == ([{"endpoint_id": "1", "reason": ANSWERED_GONE}] if asks else [])

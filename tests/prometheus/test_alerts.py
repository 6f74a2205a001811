"""Things go wrong with two real dispatchers, and a real Prometheus: the right alert fires for each, and only that one.

Every duration of the rules is a sixtieth here (tests/support/prometheus.py); tests/prometheus/test_promtool.py
has them as they are, on a clock of its own.
"""

import asyncio
import signal
from collections.abc import Iterator

import pytest
from aiohttp import web

from dispatcher.demo.receiver import Receiver
from tests.prometheus.conftest import QUIET, Watch
from tests.support import postgres
from tests.support.host import Host

LISTENER = "host_listener"


@pytest.fixture
def listener_url(host: Host, server: postgres.TestServer) -> Iterator[str]:
    """The database's URL for a login of its own: it may listen, until somebody takes its login away."""
    host.rows(f"create role {LISTENER} login password 'listener-4711'")
    host.rows(f"grant outbound_webhooks_dispatcher, outbound_webhooks_owner to {LISTENER}")
    yield host.url.replace("postgresql://postgres", f"postgresql://{LISTENER}")
    host.rows(f"drop role {LISTENER}")


async def test_all_is_well(host: Host, receiver: Receiver, watch: Watch) -> None:
    """Payments are delivered, one is to be tried again in an hour: no alert fires, and none is about to."""
    host.endpoint(receiver.url + "/", retry_schedule=[0, 3600])
    receiver.answer_next(500)
    async with watch() as watched:
        for _ in range(20):
            host.pay()
        await watched.sees('sum(outbound_webhooks_attempts_total{outcome="succeeded"}) == 19')
        await watched.sees('max(outbound_webhooks_deliveries{state="pending"}) == 1')

        await watched.sees(f"vector(1) {QUIET}")
        assert await watched.fired() == set()


async def test_the_dispatchers_stop(host: Host, receiver: Receiver, watch: Watch) -> None:
    """Nobody is there any more, while payments wait."""
    host.endpoint(receiver.url + "/")
    async with watch() as watched:
        for each in watched.dispatchers:
            each.signal(signal.SIGTERM)
            await each.exit_code()
        host.pay()

        assert await watched.fires("OutboundWebhooksDown") == [{}]
        assert await watched.fired() == {"OutboundWebhooksDown"}


async def test_one_dispatcher_stops(host: Host, watch: Watch) -> None:
    """The other one is left: nobody is woken, and somebody is told which."""
    async with watch() as watched:
        watched.dispatchers[0].signal(signal.SIGTERM)
        await watched.dispatchers[0].exit_code()

        (labels,) = await watched.fires("OutboundWebhooksDispatcherDown")
        assert labels["job"] == "outbound-webhooks"
        assert await watched.fired() == {"OutboundWebhooksDispatcherDown"}


async def test_an_endpoint_hangs(host: Host, receiver: Receiver, watch: Watch) -> None:
    """One alert, for this endpoint, however many events it does not take; the other one gets them all."""
    end = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await end.wait()
        return web.Response(status=204)

    receiver.answer_next(*[hang] * 100, path="/hangs")
    host.endpoint(receiver.url + "/")
    hanging = host.endpoint(receiver.url + "/hangs", timeout_seconds=1)
    async with watch() as watched:
        for _ in range(30):
            host.pay()

        (labels,) = await watched.fires("OutboundWebhooksEndpointFailing")
        assert labels["endpoint"] == str(hanging.id)
        assert await watched.fired() == {"OutboundWebhooksEndpointFailing"}
        end.set()
    assert len(receiver.at("/")) == 30


async def test_a_trigger_is_dropped(host: Host, watch: Watch) -> None:
    """Writes are captured no longer, and nothing else would tell."""
    async with watch() as watched:
        host.rows('drop trigger "00_outbound_webhooks_update" on payment_transactions')

        await watched.fires("OutboundWebhooksTriggerMissing")
        assert await watched.fired() == {"OutboundWebhooksTriggerMissing"}


async def test_the_ledger_fills(host: Host, receiver: Receiver, watch: Watch) -> None:
    """Payments commit although their capture fails: what was not captured stands in the ledger."""
    host.endpoint(receiver.url + "/")
    async with watch() as watched:
        host.rows("alter table outbound_webhooks.events add constraint refuses check (false) not valid")
        for _ in range(3):
            host.pay()

        assert await watched.fires("OutboundWebhooksCaptureErrors") == [{}]
        assert await watched.fired() == {"OutboundWebhooksCaptureErrors"}


async def test_listen_is_blocked(host: Host, receiver: Receiver, listener_url: str, watch: Watch) -> None:
    """The dispatchers poll, and deliver all the same."""
    host.endpoint(receiver.url + "/")
    async with watch(listen_database_url=listener_url) as watched:
        await watched.sees("sum(outbound_webhooks_listening) == 2")
        host.rows(f"alter role {LISTENER} nologin")
        host.rows("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", LISTENER)
        host.pay()
        await receiver.wait_for_count(1)

        await watched.sees('count(ALERTS{alertname="OutboundWebhooksNotListening", alertstate="firing"}) == 2')
        assert await watched.fired() == {"OutboundWebhooksNotListening"}

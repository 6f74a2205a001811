"""settings.wake_up, changed under a running dispatcher: it follows within seconds, without a restart."""

from contextlib import closing

import aiohttp

from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.observations import AttemptFinished, ListenChanged, Woken
from tests.conftest import StartDispatcher
from tests.integration.test_wake import asleep
from tests.support.host import Host
from tests.support.listening import CountingListener
from tests.support.ops import free_port
from tests.support.promises import until_lapsed, until_writes_ring
from tests.support.seen import Seen

LISTENERS = (
    "select count(*) from pg_stat_activity"
    " where datname = current_database() and application_name = 'outbound-webhooks listen'"
)


def set_wake_up(host: Host, value: str) -> None:
    """What a DBA does."""
    host.rows("update outbound_webhooks.settings set wake_up = %s", value)


async def until_listening(seen: Seen, listening: bool) -> ListenChanged:
    """Wait until the dispatcher began, or ceased, to listen."""
    await seen.until(lambda: [change.listening for change in seen.of(ListenChanged)][-1:] == [listening])
    return seen.of(ListenChanged)[-1]


async def test_from_doorbell_to_poll_and_back(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """poll: nobody listens, no sleep is promised, nobody rings, all is delivered. doorbell: it is rung awake again."""
    host.endpoint(receiver.url + "/")

    async with dispatcher() as seen:
        await until_listening(seen, True)
        listeners_before = host.value(LISTENERS)
        set_wake_up(host, "poll")
        polling = await until_listening(seen, False)
        await until_lapsed(host)
        with closing(CountingListener(host.url)) as listener:
            host.pay()
            await seen.count(AttemptFinished)
            await until_lapsed(host)
            heard = listener.rings(host)
        listeners = host.value(LISTENERS)
        promise_of_sleep_before = host.value("select last_value from outbound_webhooks.asleep_until")

        set_wake_up(host, "doorbell")
        await until_listening(seen, True)
        await asleep(seen)
        await until_writes_ring(host)
        rung_before = seen.of(Woken).count(Woken("doorbell"))
        host.pay()
        await seen.count(AttemptFinished, 2)
        await seen.until(lambda: seen.of(Woken).count(Woken("doorbell")) > rung_before)
        promise_of_sleep = host.value("select last_value from outbound_webhooks.asleep_until")

    assert polling == ListenChanged(False, "settings.wake_up is poll", wanted=False)
    assert heard == 0
    assert (listeners_before, listeners) == (1, 0)
    assert promise_of_sleep != promise_of_sleep_before


async def test_it_starts_in_poll_mode(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """With poll from the start no sleep is ever promised, and /readyz says why it polls, without a warning."""
    host.endpoint(receiver.url + "/")
    set_wake_up(host, "poll")
    port = free_port()

    async with dispatcher(ops_port=port) as seen:
        await until_listening(seen, False)
        host.pay()
        await seen.count(AttemptFinished)
        await until_lapsed(host)
        url = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession() as session:
            async with session.get(url + "/readyz") as response:
                listen = (await response.json())["checks"]["listen"]
            async with session.get(url + "/metrics") as response:
                metrics = await response.text()

    assert listen == {"status": "ok", "detail": "polling: settings.wake_up is poll"}
    assert "outbound_webhooks_listening 0.0" in metrics
    assert host.value("select pg_sequence_last_value('outbound_webhooks.asleep_until')") is None

"""Nobody awake and nobody asleep: payments cost no NOTIFY, however many they are."""

import signal
from contextlib import closing
from pathlib import Path

import trustme

from dispatcher.demo.receiver import Receiver
from tests.conftest import StartDispatcher
from tests.support.host import Host
from tests.support.listening import CountingListener
from tests.support.process import run_dispatcher
from tests.support.promises import until_lapsed, until_writes_ring
from tests.support.settings import environment

PAYMENTS = 200


def rings_of_many_payments(host: Host) -> int:
    """How many notifications many payments send, each in a transaction of its own."""
    with closing(CountingListener(host.url)) as listener:
        for _ in range(PAYMENTS):
            host.pay()
        return listener.rings(host)


async def test_no_dispatcher(host: Host, receiver: Receiver) -> None:
    """Captured for later, rung for nobody."""
    host.endpoint(receiver.url + "/")

    rings = rings_of_many_payments(host)

    assert rings == 0
    assert host.value("select count(*) from outbound_webhooks.deliveries") == PAYMENTS


async def test_delivery_off(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """A dispatcher that does not deliver promises nothing."""
    host.endpoint(receiver.url + "/")

    async with dispatcher(enabled=False):
        rings = rings_of_many_payments(host)

    assert rings == 0
    assert host.value("select count(*) from outbound_webhooks.deliveries") == PAYMENTS


async def test_frozen(host: Host, receiver: Receiver, certificates: tuple[trustme.CA, Path]) -> None:
    """A frozen dispatcher is rung until its promise lapses, and not once after that; it goes on where it stopped."""
    host.endpoint(receiver.url + "/")

    async with run_dispatcher(environment(host.url, certificates[1], log_level="debug")) as frozen:
        await frozen.until(lambda line: line.get("phase") == "asleep")
        with closing(CountingListener(host.url)) as listener:
            await until_writes_ring(host)
            host.pay()
            rings_while_asleep = listener.rings(host)
        await frozen.logged("attempt.succeeded")
        frozen.signal(signal.SIGSTOP)
        await until_lapsed(host)
        rings_while_frozen = rings_of_many_payments(host)
        frozen.signal(signal.SIGCONT)
        await frozen.logged("attempt.succeeded", PAYMENTS + 1)

    assert rings_while_asleep == 1
    assert rings_while_frozen == 0

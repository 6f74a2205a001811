"""Through a pooler in transaction mode: it delivers, polls, says so, and leaves nothing in the shared sessions."""

import asyncio
from contextlib import closing

import aiohttp
from pydantic import SecretStr

from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.observations import AttemptFinished, DatabaseTrouble, ListenChanged, Woken
from tests.conftest import StartDispatcher
from tests.integration.test_wake import asleep
from tests.pooler.conftest import APP, Application, application
from tests.support.host import Host
from tests.support.listening import CountingListener
from tests.support.ops import free_port
from tests.support.pgbouncer import PgBouncer
from tests.support.promises import until_writes_ring

PAYMENTS = 40
LOOKS = 10  # at the sessions, at least, while the dispatcher works
CLEAN = {
    "current_user": APP,
    "session_user": APP,
    "timezone": "America/Sao_Paulo",
    "channels": [],
    "settings": [],
    "prepared": 0,
}
SILENT = ListenChanged(False, "LISTEN receives nothing: does its URL lead through a transaction pooler?")


async def watch_sessions(app: Application, stop: asyncio.Event) -> list[dict[str, object]]:
    """Look at the shared sessions again and again; the LISTEN of the self-test is looked for afterwards."""
    found: list[dict[str, object]] = []
    while not stop.is_set() or len(found) <= LOOKS:
        found += [{**state, "channels": []} for state in await app.states()]
    return found


async def test_the_host_never_meets_our_session(
    host: Host, receiver: Receiver, dispatcher: StartDispatcher, transaction_pooler: PgBouncer
) -> None:
    """The application, by the same login in the same sessions, is itself in every transaction; all is delivered.

    LISTEN is found broken and taken back, so no sleep is promised, and writers ring nobody.
    """
    app = application(host, transaction_pooler)
    host.endpoint(receiver.url + "/")
    stop = asyncio.Event()

    async with dispatcher(database_url=app.secret_url) as seen:
        watching = asyncio.create_task(watch_sessions(app, stop))
        await app.pay(PAYMENTS)
        await seen.count(ListenChanged)
        with closing(CountingListener(host.url)) as listener:
            await app.pay(PAYMENTS)
            rings = listener.rings(host)
        await seen.count(AttemptFinished, 2 * PAYMENTS)
        stop.set()
        met = await watching
        left = await app.states()

    assert len(met) > LOOKS
    assert [state for state in met if state != CLEAN] == []
    assert left == [CLEAN, CLEAN]
    assert seen.of(ListenChanged) == [SILENT]
    assert seen.of(DatabaseTrouble) == []
    assert rings == 0
    assert host.value("select pg_sequence_last_value('outbound_webhooks.asleep_until')") is None
    assert len({request.webhook_id for request in receiver.received}) == 2 * PAYMENTS


async def test_it_says_so(host: Host, dispatcher: StartDispatcher, transaction_pooler: PgBouncer) -> None:
    """/readyz warns, and the metric shows it, for everybody who wonders why a payment takes a tenth of a second."""
    app = application(host, transaction_pooler)
    port = free_port()

    async with dispatcher(database_url=app.secret_url, ops_port=port) as seen:
        await seen.count(ListenChanged)
        url = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession() as session:
            async with session.get(url + "/readyz") as response:
                status, listen = response.status, (await response.json())["checks"]["listen"]
            async with session.get(url + "/metrics") as response:
                metrics = await response.text()

    assert status == 200
    assert listen == {"status": "warning", "detail": f"polling: {SILENT.reason}"}
    assert "outbound_webhooks_listening 0.0" in metrics


async def test_a_direct_connection_for_listen(
    host: Host, receiver: Receiver, dispatcher: StartDispatcher, transaction_pooler: PgBouncer
) -> None:
    """With a direct LISTEN beside the pooled URL the doorbell works."""
    app = application(host, transaction_pooler)
    host.endpoint(receiver.url + "/")

    async with dispatcher(database_url=app.secret_url, listen_database_url=SecretStr(host.url)) as seen:
        await asleep(seen)
        await until_writes_ring(host)
        rung_before = seen.all.count(Woken("doorbell"))
        await app.pay()
        await seen.count(AttemptFinished)
        left = await app.states()

    assert seen.of(ListenChanged) == [ListenChanged(True, "self-test passed")]
    assert seen.all.count(Woken("doorbell")) == rung_before + 1
    assert left == [CLEAN, CLEAN]


async def test_the_pooler_crashes(
    host: Host, receiver: Receiver, dispatcher: StartDispatcher, transaction_pooler: PgBouncer
) -> None:
    """A pooler that is killed and started again: what was written meanwhile is delivered, by the same dispatcher."""
    app = application(host, transaction_pooler)
    host.endpoint(receiver.url + "/")

    async with dispatcher(database_url=app.secret_url) as seen:
        await app.pay()
        await seen.count(AttemptFinished)
        transaction_pooler.kill()
        host.pay()
        await seen.count(DatabaseTrouble)
        transaction_pooler.start()
        await seen.count(AttemptFinished, 2)
        left = await app.states()

    assert [{**state, "channels": []} for state in left] == [CLEAN, CLEAN]

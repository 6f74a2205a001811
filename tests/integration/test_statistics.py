"""The statistics of a real load, with failures, crashes, frozen dispatchers and late answers: equal to a recount."""

import asyncio
import itertools
import signal
from pathlib import Path

import trustme
from aiohttp import web

from dispatcher.demo.receiver import Receiver
from tests.integration.test_crash import Gate
from tests.sql.interleaving import until
from tests.support.host import Host
from tests.support.hours import Hour, Row, counted, differences
from tests.support.process import run_dispatcher
from tests.support.settings import environment

PAYMENTS = 60
SLOW = 10  # requests at once that one endpoint holds up


class Receivers(Gate):
    """One receiver takes all, one is slow, one answers this and that, one only fails."""

    def __init__(self) -> None:
        super().__init__()
        self.statuses = itertools.cycle([500, 204, 503, 404, 204, 302])

    async def answer(self, request: web.Request) -> web.Response:
        """By its path."""
        match request.path:
            case "/slow":
                return await super().answer(request)
            case "/moody":
                return web.Response(status=next(self.statuses))
            case "/broken":
                return web.Response(status=500)
        return web.Response(status=204)


def found_at_once(host: Host) -> list[tuple[Hour, Row | None, Row | None]]:
    """The differences at one moment, beside dispatchers that work."""
    with host.connection.transaction():
        host.rows("set transaction isolation level repeatable read")
        return differences(host)


async def test_a_load_with_crashes(host: Host, receiver: Receiver, certificates: tuple[trustme.CA, Path]) -> None:
    """One dispatcher is killed with requests out, one is frozen, and answers late: the counts hold at each moment."""
    receivers = Receivers()
    receiver.default = receivers.answer
    host.rows("update outbound_webhooks.settings set breaker_failures = 1000")
    for path in ("/good", "/moody", "/broken"):
        host.endpoint(receiver.url + path, retry_schedule=[0, 0, 0])
    host.endpoint(receiver.url + "/slow", max_in_flight=SLOW, timeout_seconds=60)
    env = environment(host.url, certificates[1])
    silent = "update outbound_webhooks.dispatchers set heartbeat_at = heartbeat_at - interval '1 minute'"

    async with run_dispatcher(env) as killed:
        for _ in range(PAYMENTS):
            host.pay()
        await receiver.wait_for(lambda r: len(r.at("/slow")) == SLOW and len(r.at("/good")) > PAYMENTS / 2)
        killed.signal(signal.SIGKILL)
        await killed.exit_code()
    after_the_kill = found_at_once(host)
    host.rows(silent)

    async with run_dispatcher(env) as frozen:
        for _ in range(PAYMENTS):
            host.pay()
        await receiver.wait_for(lambda r: len(r.at("/slow")) == 2 * SLOW)
        frozen.signal(signal.SIGSTOP)
        host.rows(silent)
        async with run_dispatcher(env) as other:
            await receiver.wait_for(lambda r: len(r.at("/slow")) == 3 * SLOW)
            while_frozen = found_at_once(host)
            receivers.opened.set()
            await asyncio.to_thread(until, lambda: host.value("select count(*) from outbound_webhooks.deliveries") == 0)
            frozen.signal(signal.SIGCONT)
            await frozen.until(lambda line: line.get("stale") is True)
            other.signal(signal.SIGTERM)
            await other.exit_code()
        frozen.signal(signal.SIGTERM)
        await frozen.exit_code()

    rows = counted(host).values()
    late = host.value("select count(*) from outbound_webhooks.attempts where note like 'late%'")
    assert (after_the_kill, while_frozen, differences(host)) == ([], [], [])
    assert sum(row["attempts_lost"] for row in rows) >= SLOW
    assert isinstance(late, int)
    assert late >= SLOW
    assert sum(row["deliveries_succeeded"] + row["deliveries_dead"] for row in rows) == 2 * PAYMENTS * 4
    assert all(sum(row[name] for row in rows) for name in ("deliveries_dead", "failed_3xx", "failed_4xx", "failed_5xx"))

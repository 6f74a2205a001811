"""An endpoint's limits hold for all dispatchers together: requests a second, and requests at once.

`make test-limits` looks for a minute instead of ten seconds.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from dispatcher.demo.receiver import Receiver
from tests.support.host import CLINIC, Host
from tests.support.process import DispatcherProcess, run_dispatcher
from tests.support.settings import environment

SECONDS = int(os.environ.get("LIMIT_SECONDS", "10"))
RATE = 50
AT_ONCE = 4
# The rate, and the twentieth of a second's worth that may be made up for at once (docs/adr/0009).
CLAIMED_WITHIN_A_SECOND = 52
# Some that were claimed before may arrive late.
ARRIVED_WITHIN_A_SECOND = 55
DISPATCHERS = 3
# A clinic has a fourth of a dispatcher's slots: none fills the endpoint alone, and all together could overfill it.
SLOTS_EACH = 8

# Who claims writes down when, by the server's clock, which the limits go by.
WRITE_CLAIMS_DOWN = """
create table claims (at timestamptz);
create function write_claim_down() returns trigger language plpgsql security definer as $$
begin
    insert into public.claims values (new.leased_at);
    return null;
end
$$;
create trigger write_claim_down after update of lease_token on outbound_webhooks.deliveries
    for each row when (new.lease_token is not null) execute function write_claim_down();
"""


class Slow:
    """Answers after a while, and remembers how many requests were there at once; answers none before so many were."""

    def __init__(self, seconds: float, first: int = 1) -> None:
        self.most = 0
        self._seconds = seconds
        self._first = first
        self._now = 0
        self._opened = asyncio.Event()

    async def answer(self, _: web.Request) -> web.Response:
        """Answer after a while."""
        self._now += 1
        self.most = max(self.most, self._now)
        if self.most >= self._first:
            self._opened.set()
        await self._opened.wait()
        await asyncio.sleep(self._seconds)
        self._now -= 1
        return web.Response(status=204)


@pytest.fixture
async def dispatchers(host: Host, certificates: tuple[trustme.CA, Path]) -> AsyncIterator[list[DispatcherProcess]]:
    """Several dispatchers, each a process, all started."""
    env = environment(host.url, certificates[1], concurrency=str(SLOTS_EACH))
    async with AsyncExitStack() as stack:
        running = [await stack.enter_async_context(run_dispatcher(env)) for _ in range(DISPATCHERS)]
        for one in running:
            await one.logged("dispatcher.started")
        yield running


def pay(host: Host, count: int) -> None:
    """Write so many payments in one transaction."""
    host.rows("insert into payment_transactions (clinic_id) select %s from generate_series(1, %s)", CLINIC, count)


def most_within(seconds: float, times: Sequence[float]) -> int:
    """The most of these ascending times that lie within so many seconds, wherever these begin."""
    first, most = 0, 0
    for last, time in enumerate(times):
        while time - times[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


async def shares(host: Host, dispatchers: Sequence[DispatcherProcess]) -> list[int]:
    """Stop the dispatchers; how many requests each made, according to what they recorded."""
    for one in dispatchers:
        one.signal(signal.SIGTERM)
        assert await one.exit_code() == 0
    rows = host.rows("select count(*) as n from outbound_webhooks.attempts group by dispatcher_id")
    return sorted(int(str(row["n"])) for row in rows)


async def test_requests_a_second(
    host: Host, receiver: Receiver, dispatchers: list[DispatcherProcess], capsys: pytest.CaptureFixture[str]
) -> None:
    """With more to send than the limit lets through, no second has more than its share; the limit is what binds."""
    slow = Slow(0.01)  # no longer, or four at once would be less than the rate
    receiver.default = slow.answer
    host.endpoint(receiver.url + "/", requests_per_second=RATE, max_in_flight=AT_ONCE)
    host.connection.execute(WRITE_CLAIMS_DOWN)
    # As if it had waited for an hour: that is nothing to be made up for.
    host.rows("update outbound_webhooks.endpoint_flow set tokens_at = tokens_at - interval '1 hour'")
    payments = RATE * SECONDS

    pay(host, payments)
    await receiver.wait_for_count(payments, timeout=60 + 4 * SECONDS)
    made = await shares(host, dispatchers)
    times = sorted(request.at for request in receiver.received)
    most, seconds = most_within(1.0, times), times[-1] - times[0]
    claims = host.rows("select extract(epoch from at)::float8 as at from claims order by at")
    most_claimed = most_within(1.0, [float(str(row["at"])) for row in claims])
    with capsys.disabled():
        print(
            f"\nlimits: {payments} requests of {len(made)} dispatchers {made} in {seconds:.1f} s,"
            f" at most {most_claimed} claimed and {most} arrived in a second, and {slow.most} at once"
        )

    assert sum(made) == len(times) == payments
    assert len(made) > 1
    assert len(claims) >= payments
    assert most_claimed <= CLAIMED_WITHIN_A_SECOND
    assert most <= ARRIVED_WITHIN_A_SECOND
    assert slow.most <= AT_ONCE
    # A machine that is busy otherwise may not reach the limit all the time; an idle run would never come near it.
    assert most >= 0.6 * RATE


async def test_requests_at_once(host: Host, receiver: Receiver, dispatchers: list[DispatcherProcess]) -> None:
    """Without a rate, what a slow receiver may have at once is what binds: all of it is used, and no more."""
    slow = Slow(0.1, AT_ONCE)
    receiver.default = slow.answer
    host.endpoint(receiver.url + "/", max_in_flight=AT_ONCE)
    payments = 100

    pay(host, payments)
    await receiver.wait_for_count(payments)
    made = await shares(host, dispatchers)

    assert sum(made) == len(receiver.received) == payments
    assert slow.most == AT_ONCE

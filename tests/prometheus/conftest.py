"""Fixtures: two dispatchers as real processes, and a real Prometheus that watches them with our rules."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.support.host import Host
from tests.support.ops import free_port
from tests.support.process import DispatcherProcess, run_dispatcher
from tests.support.prometheus import Prometheus, Sample, program, run_prometheus
from tests.support.settings import environment

# Says that this machine is too slow: no test has to fail by that.
TOO_SLOW = "OutboundWebhooksLoopLag"
QUIET = f'unless on () ALERTS{{alertname!="{TOO_SLOW}"}}'  # nothing fires, and nothing is about to
WELL = f'vector(time()) and on () (sum(up{{job="outbound-webhooks"}}) == 2) {QUIET}'


@dataclass(frozen=True)
class Watched:
    """Two dispatchers, and who watches them; `since` is when all was well, by its clock."""

    prometheus: Prometheus
    dispatchers: list[DispatcherProcess]
    since: float

    async def sees(self, expression: str) -> list[Sample]:
        """Wait until an expression has a value."""
        return await asyncio.to_thread(self.prometheus.wait_for, expression)

    async def fires(self, alert: str) -> list[dict[str, str]]:
        """Wait until an alert fires; returns the labels of each, without those that say which alert it is."""
        found = await self.sees(f'ALERTS{{alertname="{alert}", alertstate="firing"}}')
        which = {"__name__", "alertname", "alertstate", "severity"}
        return [{name: value for name, value in each.labels.items() if name not in which} for each in found]

    async def fired(self) -> set[str]:
        """The names of all alerts that have fired since all was well."""
        return await asyncio.to_thread(self.prometheus.fired, self.since) - {TOO_SLOW}


Watch = Callable[..., AbstractAsyncContextManager[Watched]]


@pytest.fixture
def watch(host: Host, certificates: tuple[trustme.CA, Path], tmp_path: Path) -> Watch:
    """Starts two dispatchers, with settings of their own if any are given, and a Prometheus once they answer."""
    program("prometheus")

    @asynccontextmanager
    async def start(**settings: str) -> AsyncIterator[Watched]:
        first = free_port(2)
        ports = [first, first + 1]
        async with AsyncExitStack() as stack:
            dispatchers = [
                await stack.enter_async_context(
                    run_dispatcher(environment(host.url, certificates[1], ops_port=str(port), **settings))
                )
                for port in ports
            ]
            for each in dispatchers:
                await each.logged("dispatcher.started")
            prometheus = stack.enter_context(run_prometheus(tmp_path, ports))
            # It looks for whom to scrape after 5 seconds, and until then nobody is there.
            (well,) = await asyncio.to_thread(prometheus.wait_for, WELL)
            yield Watched(prometheus, dispatchers, well.value)
            assert prometheus.failing_rules() == []

    return start

"""Databases with a history and without, and what requests to the API and the UI on them take."""

import itertools
import random
import secrets
import statistics
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from typing import LiteralString

import aiohttp
import psycopg

from benchmarks.server import say
from dispatcher.admin.app import serve
from dispatcher.admin.deps import Deps, Options
from dispatcher.admin.operations.windows import Place
from dispatcher.core.credentials import digest, secret_text, write_api_key
from dispatcher.db import ADMIN_ROLE, open_pool
from tests.admin.history import BUSY, Sizes, fill, fill_endpoints
from tests.support.host import Host

FULL, SHORT = Sizes(), Sizes(clinics=20, events=6_000, live=300)
REPETITIONS, WARM_UP = 31, 2
LIMIT = 50
AT_MOST = 3.0  # times the empty database

# Everything as installed but for memory; autovacuum would strike in the middle, and the tables are vacuumed.
SETTINGS = {"autovacuum": "off", "shared_buffers": "1GB", "max_wal_size": "8GB"}

DEEP: LiteralString = """
with found as (
    select event_id, id, row_number() over (order by event_id desc, id desc) as n, count(*) over () as total
    from outbound_webhooks.finished_deliveries
    where clinic_id = %s
)
select event_id, id from found where n = least(%s, total * 4 / 5)
"""


@dataclass(frozen=True)
class Case:
    """A request: what is asked for, and from where on."""

    name: str
    path: str
    is_deep: bool


@dataclass(frozen=True)
class Running:
    """The API on one of the databases."""

    url: str
    session: aiohttp.ClientSession
    key: str

    async def ask(self, path: str) -> float:
        """Seconds that a request takes, to the last byte of its answer."""
        begun = time.perf_counter()
        async with self.session.get(self.url + path, headers={"Authorization": f"Bearer {self.key}"}) as answer:
            text = await answer.text()
        took = time.perf_counter() - begun
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {text}")
        return took


@asynccontextmanager
async def running(url: str) -> AsyncIterator[Running]:
    """The API on a database, and an operator's key for it."""
    secret = secret_text(secrets.token_bytes(32))
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "select outbound_webhooks.create_api_key('operator', %s)", (digest(secret),)
        ).fetchone()
    assert row is not None
    minutes = itertools.count(0, 60)
    async with open_pool(url, 2, ADMIN_ROLE) as pool:
        # A minute for each request: no rate limit is in the way.
        deps = Deps(pool, Options(), lambda _: None, clock=lambda: float(next(minutes)))
        async with serve(deps, "127.0.0.1", 0, 5) as port, aiohttp.ClientSession() as session:
            yield Running(f"http://127.0.0.1:{port}", session, write_api_key(row[0], secret))


Times = Mapping[Case, Mapping[str, Sequence[float]]]


async def measure(urls: Mapping[str, str], chosen: Sequence[Case], repetitions: int) -> Times:
    """Every case so many times, on both databases one directly after the other, in an order that changes."""
    times: dict[Case, dict[str, list[float]]] = {case: {name: [] for name in urls} for case in chosen}
    async with AsyncExitStack() as stack:
        apis = {name: await stack.enter_async_context(running(url)) for name, url in urls.items()}
        for repetition in range(-WARM_UP, repetitions):
            for case in random.sample(chosen, len(chosen)):
                for name in random.sample(list(apis), len(apis)):
                    took = await apis[name].ask(case.path)
                    if repetition >= 0:
                        times[case][name].append(took)
            say(f"repetition {repetition + 1} of {repetitions}" if repetition >= 0 else "warm-up")
    return times


def fill_both(empty_url: str, full_url: str, sizes: Sizes) -> tuple[int, int]:
    """Write the endpoints of both, and of one the history; returns how many finished and live deliveries it has."""
    say("filling")
    with closing(Host(empty_url)) as empty, closing(Host(full_url)) as full:
        fill_endpoints(empty, sizes)
        empty.rows("vacuum (analyze)")
        full.rows("set synchronous_commit = off")
        fill(full, sizes)
        finished, live = (
            int(str(full.value(f"select count(*) from outbound_webhooks.{name}")))
            for name in ("finished_deliveries", "deliveries")
        )
    return finished, live


def deep_place(host: Host) -> Place:
    """Where page 500 of a clinic's deliveries begins; of fewer pages, where the last fifth does."""
    (row,) = host.rows(DEEP, BUSY, 499 * LIMIT)
    return row["event_id"], row["id"]  # type: ignore[return-value]


def pages_table(times: Times) -> Iterator[str]:
    """What each page took on both, and whether that is near enough."""
    yield "### Pages"
    yield ""
    yield "Milliseconds, medians. The ratio is that of the medians; it may be 3."
    yield ""
    yield "| | page | empty | full | ratio | |"
    yield "|---|---|---|---|---|---|"
    for case, found in times.items():
        empty, full = (statistics.median(found[name]) for name in ("empty", "full"))
        met = "met" if full / empty <= AT_MOST else "**not met**"
        page = 500 if case.is_deep else 1
        yield f"| {case.name} | {page} | {empty * 1000:.1f} | {full * 1000:.1f} | {full / empty:.2f} | {met} |"

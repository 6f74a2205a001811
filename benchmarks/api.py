"""What a page of the API's lists costs: `make bench-api`, or `python -m benchmarks.api [--short] [--pg 15]`.

The same requests, over HTTP, to a database with a million finished deliveries and to one that has none. Writes progress
to standard error and the report to standard output. It never fails on a speed, only on an answer that is not 200.
"""

import argparse
import asyncio
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

from benchmarks import server
from benchmarks.server import conditions, say
from dispatcher.admin.app import serve
from dispatcher.admin.cursors import write_cursor
from dispatcher.admin.deps import Deps, Options
from dispatcher.core.credentials import digest, secret_text, write_api_key
from dispatcher.db import ADMIN_ROLE, open_pool
from dispatcher.demo import embedded
from tests.admin.history import BUSY, QUIET, Sizes, fill, fill_endpoints
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
PAYMENT: LiteralString = """
select resource_id from outbound_webhooks.events where clinic_id = %s and resource = 'payment_transaction'
order by id offset 500 limit 1
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


def cases(host: Host) -> Iterator[Case]:
    """The requests, with ids and places that the full database has."""
    (deep,) = host.rows(DEEP, BUSY, 499 * LIMIT)
    payment = host.value(PAYMENT, BUSY)
    span = host.rows("select now() - interval '20 days' as since, now() - interval '10 days' as until")[0]
    times = "&".join(f"{name}={at:%Y-%m-%dT%H:%M:%SZ}" for name, at in span.items())
    busy = f"clinic_id={BUSY}"
    filters = {
        "a clinic's": busy,
        "a clinic's that has few": f"clinic_id={QUIET}",
        "an endpoint's": f"{busy}&endpoint_id=1",
        "an endpoint's that has few": f"{busy}&endpoint_id=4",
        "those that died": f"{busy}&state=dead",
        "those that succeeded": f"{busy}&state=succeeded",
        "those that were cancelled": f"{busy}&state=cancelled",
        "those that wait": f"{busy}&state=pending",
        "those with an error": f"{busy}&error_class=timeout",
        "those with a rare error": f"{busy}&error_class=tls",
        "of a common type": f"{busy}&type=payment_transaction.created",
        "of a rare type": f"{busy}&type=invoice.*",
        "of ten days": f"{busy}&{times}",
        "of an endpoint, dead, of ten days, of a rare type": f"{busy}&endpoint_id=1&state=dead&type=invoice.*&{times}",
        "of one payment": f"{busy}&resource=payment_transaction&resource_id={payment}",
        "of all clinics": "",
        "of all clinics, dead": "state=dead",
    }
    for (name, query), is_deep in itertools.product(filters.items(), (False, True)):
        after = f"&cursor={write_cursor(deep['event_id'], deep['id'])}" if is_deep else ""  # type: ignore[arg-type]
        yield Case(f"deliveries: {name}", f"/api/webhooks/deliveries?limit={LIMIT}&{query}{after}", is_deep)
    for name, query in {"a clinic's": busy, "of a rare type": f"{busy}&type=invoice.*", "of all clinics": ""}.items():
        for is_deep in (False, True):
            after = f"&cursor={write_cursor(deep['event_id'])}" if is_deep else ""  # type: ignore[arg-type]
            yield Case(f"events: {name}", f"/api/webhooks/events?limit={LIMIT}&{query}{after}", is_deep)


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


def render(lines: Sequence[str], times: Times, sizes: Sequence[int]) -> str:
    """The whole report."""
    return "\n".join([*_conditions(lines, times, sizes), "", *_pages(times)])


def _conditions(lines: Sequence[str], times: Times, sizes: Sequence[int]) -> Iterator[str]:
    finished, live, clinics = sizes
    repetitions = len(next(iter(next(iter(times.values())).values())))
    yield "### Conditions"
    yield ""
    yield from (f"- {line}" for line in lines)
    yield (
        f"- {finished:,} finished deliveries over 30 days and {live:,} live ones, of {clinics} clinics, three tenths of"
        " them one's; the empty database has their endpoints, and the days that an installation makes"
    )
    yield (
        f"- {repetitions} interleaved repetitions; pages of {LIMIT}, over HTTP without TLS, one request at a time, to"
        " the API in the client's own process; page 500 begins behind 24,950 deliveries, or where four fifths are over"
    )


def _pages(times: Times) -> Iterator[str]:
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


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.api", description="What a page of a list costs.")
    parser.add_argument("--short", action="store_true", help="less of everything: to see that it works")
    parser.add_argument("--pg", type=int, default=18, help="major version of PostgreSQL (default 18)")
    arguments = parser.parse_args()
    sizes = SHORT if arguments.short else FULL
    with server.installed(arguments.pg, SETTINGS) as postgres:
        urls = {name: server.copied(postgres, f"bench_{name}") for name in ("empty", "full")}
        print(report(postgres, urls, sizes, 3 if arguments.short else REPETITIONS))


def report(postgres: embedded.Server, urls: Mapping[str, str], sizes: Sizes, repetitions: int) -> str:
    """Fill the databases, measure, and say what came of it."""
    say("filling")
    with closing(Host(urls["empty"])) as empty, closing(Host(urls["full"])) as full:
        fill_endpoints(empty, sizes)
        empty.rows("vacuum (analyze)")
        full.rows("set synchronous_commit = off")
        fill(full, sizes)
        counts = [
            int(str(full.value(f"select count(*) from outbound_webhooks.{name}")))
            for name in ("finished_deliveries", "deliveries")
        ]
        chosen = list(cases(full))
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("checkpoint")
        lines = conditions(connection, SETTINGS)
    times = asyncio.run(measure(urls, chosen, repetitions))
    return render(lines, times, [*counts, sizes.clinics])


if __name__ == "__main__":
    main()

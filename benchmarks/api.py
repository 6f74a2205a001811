"""What a page of the API's lists costs: `make bench-api`, or `python -m benchmarks.api [--short] [--pg 15]`.

The same requests, over HTTP, to a database with a million finished deliveries and to one that has none. Writes progress
to standard error and the report to standard output. It never fails on a speed, only on an answer that is not 200.
"""

import argparse
import asyncio
import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import LiteralString

import psycopg

from benchmarks import server
from benchmarks.server import conditions
from benchmarks.stock import (
    FULL,
    LIMIT,
    REPETITIONS,
    SETTINGS,
    SHORT,
    Case,
    Times,
    deep_place,
    fill_both,
    measure,
    pages_table,
)
from dispatcher.admin.cursors import write_cursor
from dispatcher.demo import embedded
from tests.admin.history import BUSY, QUIET, Sizes
from tests.sql.steps import Session
from tests.support.host import Host

PAYMENT: LiteralString = """
select resource_id from outbound_webhooks.events where clinic_id = %s and resource = 'payment_transaction'
order by id offset 500 limit 1
"""


def cases(host: Host) -> Iterator[Case]:
    """The requests, with ids and places that the full database has."""
    event_id, delivery_id = deep_place(host)
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
        after = f"&cursor={write_cursor(event_id, delivery_id)}" if is_deep else ""
        yield Case(f"deliveries: {name}", f"/api/webhooks/deliveries?limit={LIMIT}&{query}{after}", is_deep)
    for name, query in {"a clinic's": busy, "of a rare type": f"{busy}&type=invoice.*", "of all clinics": ""}.items():
        for is_deep in (False, True):
            after = f"&cursor={write_cursor(event_id)}" if is_deep else ""
            yield Case(f"events: {name}", f"/api/webhooks/events?limit={LIMIT}&{query}{after}", is_deep)


def render(lines: Sequence[str], times: Times, sizes: Sequence[int]) -> str:
    """The whole report."""
    return "\n".join([*_conditions(lines, times, sizes), "", *pages_table(times)])


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
    counts = fill_both(urls["empty"], urls["full"], sizes)
    with closing(Session(urls["full"])) as full:
        chosen = list(cases(full))
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("checkpoint")
        lines = conditions(connection, SETTINGS)
    times = asyncio.run(measure(urls, chosen, repetitions))
    return render(lines, times, [*counts, sizes.clinics])


if __name__ == "__main__":
    main()

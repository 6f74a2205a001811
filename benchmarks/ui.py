"""What a page of the UI costs: `make bench-ui`, or `python -m benchmarks.ui [--short] [--pg 15]`.

The same pages, over HTTP, from a database with a million finished deliveries and from one that has none; and from one
with 10,000 endpoints. Writes progress to standard error and the report to standard output. It never fails on a speed,
only on an answer that is not 200.
"""

import argparse
import asyncio
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import LiteralString

import psycopg

from benchmarks import server
from benchmarks.server import conditions, say
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
from tests.admin.history import BUSY, Sizes
from tests.sql.steps import Session
from tests.support.host import Host

MANY = 10_000  # endpoints, of one clinic
# One in fifty fails, one in two hundred is disabled. Past their own triggers, which ask for a key and an address each.
ENDPOINTS: LiteralString = """
with made as (
    insert into outbound_webhooks.endpoints (clinic_id, url, description, state, state_reason)
    select
        'clinic-0', 'https://host-' || n || '.example/webhooks', 'number ' || n,
        case n %% 200 when 0 then 'disabled' else 'active' end, case n %% 200 when 0 then '410 Gone' end
    from generate_series(1, %s) as n
    returning id, clinic_id
)
insert into outbound_webhooks.endpoint_flow
    (endpoint_id, clinic_id, breaker_changed_at, failures, failed_at, failing_since, failed_with)
select
    id, clinic_id, clock_timestamp(), (id %% 50 = 0)::integer,
    case id %% 50 when 0 then clock_timestamp() end, case id %% 50 when 0 then clock_timestamp() end,
    case id %% 50 when 0 then 'http_status 503' end
from made
"""
HOURS: LiteralString = """
insert into outbound_webhooks.endpoint_hours
select
    e.id, date_trunc('hour', clock_timestamp(), 'UTC') - make_interval(hours => n), e.clinic_id,
    90, 1, 3, 0, 0, 0, 0, 0, 0, 0, 6, 90, 1, 0, array_fill(8, array[12]), array_fill(8, array[12])
from outbound_webhooks.endpoints as e
cross join generate_series(0, 47) as n
"""
DELIVERIES: LiteralString = """
insert into outbound_webhooks.deliveries (event_id, endpoint_id, clinic_id, created_at, next_attempt_at, parked_reason)
select
    gen_random_uuid(), e.id, e.clinic_id, clock_timestamp(), clock_timestamp() + interval '1 hour',
    case n when 3 then 'disabled' end
from outbound_webhooks.endpoints as e
cross join generate_series(1, 3) as n
"""


def cases(host: Host) -> Iterator[Case]:
    """The pages, with a place that the full database has."""
    of_one = f"clinic_id={BUSY}"
    yield Case("Overview: a clinic's", f"/ui/?{of_one}", False)
    yield Case("Overview: of all clinics", "/ui/", False)
    yield Case("Endpoints: a clinic's", f"/ui/endpoints?{of_one}", False)
    yield Case("Endpoints: of all clinics", "/ui/endpoints", False)
    after = f"&cursor={write_cursor(*deep_place(host))}"
    for name, query in {
        "a clinic's": of_one,
        "those that died": f"{of_one}&state=dead",
        "of an endpoint": f"{of_one}&endpoint_id=1",
        "of a rare type": f"{of_one}&type=invoice.*",
        "of all clinics": "",
    }.items():
        yield Case(f"Deliveries: {name}", f"/ui/deliveries?{query}", False)
        yield Case(f"Deliveries: {name}", f"/ui/deliveries?{query}{after}", True)


# An operator who names no clinic reads what its clinic does, without its row-level security.
CASES_OF_MANY = tuple(
    Case(f"{name}, {who}", f"{path}{'&' if '?' in path else '?'}{query}", False)
    for name, path in {
        "Overview": "/ui/",
        "Endpoints": "/ui/endpoints",
        "Endpoints, by a text that one has": "/ui/endpoints?text=number+77",
        "Endpoints, failing": "/ui/endpoints?state=failing",
    }.items()
    for who, query in {"a clinic's": f"clinic_id={BUSY}", "of all clinics": ""}.items()
)


def fill_many(url: str, endpoints: int) -> None:
    """Write a clinic of many endpoints, each with two days of hours and a few live deliveries."""
    say(f"filling {endpoints} endpoints")
    with closing(Host(url)) as host:
        host.rows("set synchronous_commit = off")
        host.rows("alter table outbound_webhooks.endpoints disable trigger user")
        host.rows(ENDPOINTS, endpoints)
        host.rows("alter table outbound_webhooks.endpoints enable trigger user")
        host.rows(HOURS)
        host.rows(DELIVERIES)
        host.rows("vacuum (analyze)")


def render(lines: Sequence[str], compared: Times, of_many: Times, counts: Sequence[int]) -> str:
    """The whole report."""
    return "\n".join(
        [*_conditions(lines, compared, counts), "", *pages_table(compared), "", *_of_many(of_many, counts)]
    )


def _conditions(lines: Sequence[str], times: Times, counts: Sequence[int]) -> Iterator[str]:
    finished, live, clinics, _ = counts
    repetitions = len(next(iter(next(iter(times.values())).values())))
    yield "### Conditions"
    yield ""
    yield from (f"- {line}" for line in lines)
    yield (
        f"- {finished:,} finished deliveries over 30 days and {live:,} live ones, of {clinics} clinics with four"
        " endpoints each, three tenths of them one's, with the hours of statistics that they make; the empty database"
        " has the endpoints, and nothing that happened to them"
    )
    yield (
        f"- {repetitions} interleaved repetitions; pages of {LIMIT} rows, over HTTP without TLS, one request at a time,"
        " to the UI in the client's own process; page 500 begins behind 24,950 deliveries, or where four fifths are"
        " over"
    )


def _of_many(times: Times, counts: Sequence[int]) -> Iterator[str]:
    yield f"### {counts[3]:,} endpoints"
    yield ""
    yield "Of one clinic, each with 24 hours of statistics to be read. Milliseconds: the median, and the slowest."
    yield ""
    yield "| | median | slowest |"
    yield "|---|---|---|"
    for case, found in times.items():
        yield f"| {case.name} | {statistics.median(found['many']) * 1000:.1f} | {max(found['many']) * 1000:.1f} |"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ui", description="What a page of the UI costs.")
    parser.add_argument("--short", action="store_true", help="less of everything: to see that it works")
    parser.add_argument("--pg", type=int, default=18, help="major version of PostgreSQL (default 18)")
    arguments = parser.parse_args()
    with server.installed(arguments.pg, SETTINGS) as postgres:
        urls = {name: server.copied(postgres, f"bench_{name}") for name in ("empty", "full", "many")}
        if arguments.short:
            print(report(postgres, urls, SHORT, MANY // 20, 3))
        else:
            print(report(postgres, urls, FULL, MANY, REPETITIONS))


def report(postgres: embedded.Server, urls: Mapping[str, str], sizes: Sizes, endpoints: int, repetitions: int) -> str:
    """Fill the databases, measure, and say what came of it."""
    counts = fill_both(urls["empty"], urls["full"], sizes)
    fill_many(urls["many"], endpoints)
    with closing(Session(urls["full"])) as full:
        chosen = list(cases(full))
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("checkpoint")
        lines = conditions(connection, SETTINGS)
    compared = asyncio.run(measure({name: urls[name] for name in ("empty", "full")}, chosen, repetitions))
    of_many = asyncio.run(measure({"many": urls["many"]}, CASES_OF_MANY, repetitions))
    return render(lines, compared, of_many, [*counts, sizes.clinics, endpoints])


if __name__ == "__main__":
    main()

"""Scrapes of a running dispatcher: its counters are the rows in attempts, and they stay small with 5,000 endpoints."""

import asyncio
import time
from collections import Counter

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.metrics import PREFIX
from dispatcher.telemetry.observations import AttemptFinished, LoopLagged
from tests.conftest import StartDispatcher
from tests.support.host import Host
from tests.support.ops import free_port

ENDPOINTS = 100
PAYMENTS = 2_000
COUNTS = ("_total", "_bucket", "_count", "_sum")

# A series: its name without the prefix, and its labels.
Series = tuple[str, frozenset[tuple[str, str]]]
Scrape = dict[Series, float]

ATTEMPTS = """
    select endpoint_id::text, outcome, coalesce(http_status / 100 || 'xx', error_class) as class, count(*)
    from outbound_webhooks.attempts group by 1, 2, 3
"""
FINISHED = "select endpoint_id::text, count(*) from outbound_webhooks.finished_deliveries where state = %s group by 1"


async def read(port: int) -> str:
    """What a dispatcher shows at this moment, as Prometheus reads it."""
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as response:
        return await response.text()


async def scrape(port: int) -> Scrape:
    """The same, by series."""
    return {
        (sample.name.removeprefix(PREFIX), frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(await read(port))
        for sample in family.samples
    }


def counters(text: str) -> dict[str, float]:
    """The series of counters and histograms, as they are written."""
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {series: float(value) for series, _, value in lines if series.partition("{")[0].endswith(COUNTS)}


async def read_until(done: asyncio.Event, port: int) -> None:
    """Read again and again, and once more at the end; no series goes backwards."""
    before, last = counters(await read(port)), False
    while not last:
        last = done.is_set()
        after = counters(await read(port))
        assert [series for series in before.keys() & after.keys() if after[series] < before[series]] == []
        before = after


def by(found: Scrape, name: str, *labels: str) -> Counter[tuple[str, ...]]:
    """The values of a metric, added up by some of its labels; those that count nothing are left out."""
    sums: Counter[tuple[str, ...]] = Counter()
    for (each, values), value in found.items():
        if each == name:
            sums[tuple(dict(values)[label] for label in labels)] += int(value)
    return +sums


def rows(host: Host, statement: str, *parameters: object) -> Counter[tuple[str, ...]]:
    """Counts of a query, by its other columns."""
    found = (tuple(row.values()) for row in host.rows(statement, *parameters))
    return Counter({tuple(map(str, key)): int(str(count)) for *key, count in found})


def without_endpoint(counts: Counter[tuple[str, ...]]) -> Counter[tuple[str, ...]]:
    """The same, of all endpoints together."""
    sums: Counter[tuple[str, ...]] = Counter()
    for (_, *key), count in counts.items():
        sums[tuple(key)] += count
    return sums


def ask_for_payments(host: Host, receiver: Receiver) -> None:
    """An endpoint for each clinic; every fifth fails, and gets no second attempt."""
    host.rows("update outbound_webhooks.settings set breaker_failures = 1000")
    receiver.answer_next(*[500] * PAYMENTS, path="/fails")
    for n in range(ENDPOINTS):
        path = "/fails" if n % 5 == 0 else "/answers"
        host.endpoint(receiver.url + path, clinic=f"clinic-{n}", retry_schedule=[0])


@pytest.mark.parametrize("most", [ENDPOINTS, 10])
async def test_counters_are_the_attempts(
    host: Host, receiver: Receiver, dispatcher: StartDispatcher, most: int
) -> None:
    """Scraped all the while: at the end they are equal, for each endpoint that has a label, and in sum for any."""
    ask_for_payments(host, receiver)
    port, done = free_port(), asyncio.Event()

    async with dispatcher(ops_port=port, metrics_endpoints=most) as seen:
        reading = asyncio.create_task(read_until(done, port))
        host.rows(
            "insert into payment_transactions (clinic_id) select 'clinic-' || n %% %s from generate_series(1, %s) as n",
            ENDPOINTS, PAYMENTS,
        )  # fmt: skip
        await seen.count(AttemptFinished, PAYMENTS, timeout=240)
        done.set()
        await reading
        found = await scrape(port)

    attempts, dead, succeeded = rows(host, ATTEMPTS), rows(host, FINISHED, "dead"), rows(host, FINISHED, "succeeded")
    counted = by(found, "endpoint_attempts_total", "endpoint", "outcome", "class")

    assert attempts.total() == PAYMENTS
    assert without_endpoint(attempts) == without_endpoint(counted) == by(found, "attempts_total", "outcome", "class")
    assert by(found, "endpoint_attempt_duration_seconds_count").total() == PAYMENTS
    assert by(found, "endpoint_delivery_latency_seconds_count") == without_endpoint(succeeded)
    assert by(found, "endpoint_deliveries_dead_total") == without_endpoint(dead)
    assert len(counted.keys() - {key for key in counted if key[0] == "other"}) <= most
    if most == ENDPOINTS:
        assert counted == attempts
        assert by(found, "endpoint_deliveries_dead_total", "endpoint") == dead


async def test_5000_endpoints(host: Host, dispatcher: StartDispatcher) -> None:
    """A scrape has the endpoints that have a label, and the sums of the others; a loop that is held up is seen."""
    host.rows(
        "insert into outbound_webhooks.endpoints (clinic_id, url)"
        " select 'clinic-' || n, 'https://clinic.example/webhooks' from generate_series(1, 5000) as n"
    )
    port = free_port()

    async with dispatcher(ops_port=port) as seen:
        found = await scrape(port)
        time.sleep(1)  # noqa: ASYNC251  # holds up the loop, of which the dispatcher's is one
        await seen.until(lambda: any(lagged.seconds > 0.5 for lagged in seen.of(LoopLagged)))
        after = await scrape(port)

    states = by(found, "endpoint_state", "endpoint", "state")
    lags = {dict(labels).get("le"): value for (name, labels), value in after.items() if name.startswith("loop_lag_")}

    assert len(states) == 101
    assert (states["other", "active"], states.total()) == (4900, 5000)
    assert len(by(found, "endpoint_info", "endpoint")) == 100
    assert len(found) < 2000
    assert lags["+Inf"] > lags["0.5"]

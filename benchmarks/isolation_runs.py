"""One run: a database, a dispatcher, a load; and what arrived, as rates and latencies."""

import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg

from benchmarks import claim_fill as fill
from benchmarks.isolation_processes import Arrival
from benchmarks.isolation_receiver import BUSY, FAILING, HANGING, HEALTHY, NEIGHBOUR

ALONE, EIGHTH, TROUBLED = "alone", "eighth", "troubled"
STEADY, BACKLOG = "steady", "backlog"
HEALTHY_ENDPOINTS = 7
SEVEN = tuple(f"{HEALTHY}-{number}" for number in range(1, HEALTHY_ENDPOINTS + 1))
# The endpoints of each variant, in the order of their ids. Whoever is not busy is given as much as the seven.
PATHS: Mapping[str, tuple[str, ...]] = {
    ALONE: SEVEN,
    EIGHTH: (*SEVEN, NEIGHBOUR),
    TROUBLED: (*SEVEN, HANGING, FAILING, BUSY),
}

EVENTS_PER_SECOND = 15  # for each endpoint under steady load
WARM_UP_SECONDS = 3.0
AFTERWARDS_SECONDS = 3.0  # for the last ones to arrive
LEAST_HANGING = 10  # requests: an endpoint's own limit


class WrongRun(Exception):
    """A run did not do what its variant stands for."""


@dataclass(frozen=True)
class Lengths:
    """How long is measured, and how much waits."""

    steady_seconds: float
    backlog_seconds: float
    waiting: int
    backlog_each: int


FULL = Lengths(steady_seconds=20, backlog_seconds=15, waiting=1_000_000, backlog_each=8_000)
SHORT = Lengths(steady_seconds=4, backlog_seconds=3, waiting=20_000, backlog_each=3_000)


@dataclass(frozen=True)
class Outcome:
    """Of the healthy ones: deliveries a second, and latencies in ms (under steady load); of all: requests a second."""

    rate: float
    all_rate: float
    p50: float = 0.0
    p99: float = 0.0
    processor: float = 0.0  # the dispatcher's share of one core


def prepare(url: str, variant: str, port: int, lengths: Lengths) -> None:
    """Make the endpoints of a variant in a database, and what waits for the busy one."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        connection.execute("select outbound_webhooks.set_url_policy(p_internal_urls => true)")  # 127.0.0.n
        for number, path in enumerate(PATHS[variant], 1):
            connection.execute(
                "select outbound_webhooks.create_endpoint(%s, %s)",
                (f"clinic-{number}", f"https://127.0.0.{number}:{port}{path}"),
            )
        if variant == TROUBLED:
            busy = PATHS[variant].index(BUSY) + 1
            fill.due(connection, lengths.waiting, busy, busy)
        fill.settle(connection)


def fed(variant: str) -> int:
    """How many endpoints new events come for: the first ones, without the busy one, which has enough."""
    return sum(path != BUSY for path in PATHS[variant])


def variants(load: str) -> tuple[str, ...]:
    """What is compared under a load. From a backlog, one more to serve costs something by itself."""
    return (ALONE, EIGHTH, TROUBLED) if load == BACKLOG else (ALONE, TROUBLED)


def fill_backlog(url: str, variant: str, each: int) -> None:
    """Let so many deliveries wait for everybody but the busy one."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        fill.due(connection, each, 1, fed(variant))
        connection.execute("analyze outbound_webhooks.deliveries")


def offer(url: str, variant: str, seconds: float) -> dict[str, float]:
    """Commit events one after the other at a steady rate; returns when each commit had returned, by event."""
    committed: dict[str, float] = {}
    endpoints = fed(variant)
    interval = 1 / (EVENTS_PER_SECOND * endpoints)
    with psycopg.connect(url, autocommit=True) as connection:
        started = time.monotonic()
        for number in range(round((WARM_UP_SECONDS + seconds) / interval)):
            time.sleep(max(0.0, started + number * interval - time.monotonic()))
            row = connection.execute(
                "select outbound_webhooks.emit(%s, 'payment_transaction.created', 'payment_transaction', %s, %s)",
                (f"clinic-{1 + number % endpoints}", str(number), '{"status": "paid", "amount": 14900}'),
            ).fetchone()
            assert row is not None
            committed[str(row[0])] = time.time()
    return committed


def steady(arrived: Sequence[Arrival], committed: Mapping[str, float], variant: str, seconds: float) -> Outcome:
    """What came of a steady load, the warm-up left out."""
    check(arrived, variant)
    begin = min(committed.values()) + WARM_UP_SECONDS
    healthy = {request.webhook_id: request.at for request in arrived if request.path.startswith(HEALTHY)}
    latencies = [
        (at - committed[webhook_id]) * 1000 for webhook_id, at in healthy.items() if committed[webhook_id] >= begin
    ]
    within = sum(begin <= at < begin + seconds for at in healthy.values())
    everything = sum(begin <= request.at < begin + seconds for request in arrived)
    percentiles = statistics.quantiles(latencies, n=100)
    return Outcome(within / seconds, everything / seconds, percentiles[49], percentiles[98])


def backlog(arrived: Sequence[Arrival], variant: str, lengths: Lengths) -> Outcome:
    """The rate from a full backlog, the warm-up left out."""
    check(arrived, variant)
    healthy = [request for request in arrived if request.path.startswith(HEALTHY)]
    begin = min(request.at for request in healthy) + WARM_UP_SECONDS
    end = begin + lengths.backlog_seconds
    if max(Counter(request.path for request in healthy if request.at < end).values()) >= lengths.backlog_each:
        raise WrongRun(f"{variant}: a backlog was used up before the end")
    if max(request.at for request in healthy) < end - 0.5:
        raise WrongRun(f"{variant}: nothing arrived at the end")
    within = sum(begin <= request.at < end for request in healthy)
    everything = sum(begin <= request.at < end for request in arrived)
    return Outcome(within / lengths.backlog_seconds, everything / lengths.backlog_seconds)


def check(arrived: Sequence[Arrival], variant: str) -> None:
    """Whether everybody did what they stand for.

    Raises:
        WrongRun: a healthy endpoint was left out, or got something twice; or the troubles were not there.
    """
    expected = set(PATHS[variant])
    if {request.path for request in arrived} != expected:
        raise WrongRun(f"{variant}: requests at {sorted({request.path for request in arrived})} only")
    healthy = [request.webhook_id for request in arrived if request.path.startswith(HEALTHY)]
    if len(healthy) != len(set(healthy)):
        raise WrongRun(f"{variant}: {len(healthy) - len(set(healthy))} arrived twice")
    if variant == TROUBLED and sum(request.path == HANGING for request in arrived) < LEAST_HANGING:
        raise WrongRun(f"fewer than {LEAST_HANGING} requests hang")

"""One run: dead deliveries of one endpoint, payments for it and for others, with a replay or without; what arrived."""

import statistics
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import LiteralString

import psycopg

from benchmarks import claim_fill as fill
from benchmarks.isolation_processes import Arrival
from benchmarks.isolation_receiver import NEIGHBOUR
from benchmarks.isolation_runs import EVENTS_PER_SECOND, SEVEN, WARM_UP_SECONDS, WrongRun

ALONE, REPLAYING = "alone", "replaying"
VARIANTS = (ALONE, REPLAYING)
REPLAYED = NEIGHBOUR
PATHS = (*SEVEN, REPLAYED)  # the endpoints, in the order of their ids
IN_FLIGHT = 50  # of the replayed endpoint, which has to take the rate

DEAD: LiteralString = f"""
with event as (
    insert into outbound_webhooks.events ({fill.EVENT})
    select
        outbound_webhooks.event_id(clock_timestamp()), %(clinic)s, 'payment_transaction.created',
        'payment_transaction', n::text, clock_timestamp(), {fill.BODY}
    from generate_series(1, %(count)s::integer) as n
    returning id
)
insert into outbound_webhooks.finished_deliveries (
    id, event_id, endpoint_id, clinic_id, state, reason, created_at, finished_at, attempt_count, failure_count,
    last_http_status, last_error_class
)
select
    nextval('outbound_webhooks.delivery_ids'), event.id, %(endpoint)s, %(clinic)s, 'dead', 'attempts exhausted',
    clock_timestamp(), clock_timestamp(), 9, 9, 503, 'http_status'
from event
"""


@dataclass(frozen=True)
class Lengths:
    """How much is replayed, how fast; how long it is looked at without that; how often."""

    dead: int
    rate: int
    alone_seconds: float
    repetitions: int

    @property
    def too_long(self) -> float:
        """Seconds after which a replay is taken to have got stuck."""
        return 30 + 5 * self.dead / self.rate


FULL = Lengths(dead=100_000, rate=500, alone_seconds=60, repetitions=3)
SHORT = Lengths(dead=2_500, rate=500, alone_seconds=5, repetitions=1)


@dataclass(frozen=True)
class Offered:
    """When the commit of each event had returned, by event; what was measured between."""

    committed: Mapping[str, float]
    begin: float
    end: float


@dataclass(frozen=True)
class Latency:
    """Percentiles in ms."""

    p50: float
    p99: float


@dataclass(frozen=True)
class Outcome:
    """Latencies of new payments, of the other endpoints and of the replayed one; replayed deliveries a second."""

    others: Latency
    same: Latency
    replayed: float = 0.0
    processor: float = 0.0  # the dispatcher's share of one core


def prepare(url: str, port: int, lengths: Lengths) -> None:
    """Make the endpoints, and what is dead of the last one."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        connection.execute("select outbound_webhooks.set_url_policy(p_internal_urls => true)")  # 127.0.0.n
        connection.execute("update outbound_webhooks.settings set delivering = true, delivering_since = now()")
        for number, path in enumerate(PATHS, 1):
            connection.execute(
                "select outbound_webhooks.create_endpoint(%s, %s, p_max_in_flight => %s)",
                (_clinic(number), f"https://127.0.0.{number}:{port}{path}", IN_FLIGHT if path == REPLAYED else 10),
            )
        replayed = PATHS.index(REPLAYED) + 1
        connection.execute(DEAD, {"count": lengths.dead, "endpoint": replayed, "clinic": _clinic(replayed)})
        fill.settle(connection)


def offer(url: str, variant: str, lengths: Lengths) -> Offered:
    """Commit events one after the other at a steady rate, until the replay is done, or for as long as without one."""
    committed: dict[str, float] = {}
    interval = 1 / (EVENTS_PER_SECOND * len(PATHS))
    warm_up = round(WARM_UP_SECONDS / interval)
    replay: Future[None] | None = None
    with psycopg.connect(url, autocommit=True) as connection, ThreadPoolExecutor(1) as beside:
        started = time.monotonic()
        begin, number = 0.0, 0
        while True:
            time.sleep(max(0.0, started + number * interval - time.monotonic()))
            if number == warm_up:
                begin = time.time()
                replay = beside.submit(_start, url, lengths) if variant == REPLAYING else None
            elif number > warm_up and number % 50 == 0 and _is_over(connection, replay, begin, lengths):
                return Offered(committed, begin, time.time())
            row = connection.execute(
                "select outbound_webhooks.emit(%s, 'payment_transaction.created', 'payment_transaction', %s, %s)",
                (_clinic(1 + number % len(PATHS)), str(number), '{"status": "paid", "amount": 14900}'),
            ).fetchone()
            assert row is not None
            committed[str(row[0])] = time.time()
            number += 1


def outcome(arrived: Sequence[Arrival], offered: Offered, variant: str, lengths: Lengths) -> Outcome:
    """What came of it, the warm-up left out."""
    check(arrived, offered, lengths.dead if variant == REPLAYING else 0)
    replayed = [request.at for request in arrived if request.webhook_id not in offered.committed]
    paid = [
        request for request in arrived if offered.begin <= offered.committed.get(request.webhook_id, 0.0) < offered.end
    ]
    return Outcome(
        others=_latency(offered, (request for request in paid if request.path != REPLAYED)),
        same=_latency(offered, (request for request in paid if request.path == REPLAYED)),
        replayed=len(replayed) / (max(replayed) - offered.begin) if replayed else 0.0,
    )


def check(arrived: Sequence[Arrival], offered: Offered, dead: int) -> None:
    """Whether everything arrived, and once.

    Raises:
        WrongRun: a payment or a replayed delivery is missing, or came twice; or one came that nobody replayed.
    """
    twice = [
        webhook_id for webhook_id, count in Counter(request.webhook_id for request in arrived).items() if count > 1
    ]
    missing = offered.committed.keys() - {request.webhook_id for request in arrived}
    replayed = [request for request in arrived if request.webhook_id not in offered.committed]
    if twice:
        raise WrongRun(f"{len(twice)} arrived twice")
    if missing:
        raise WrongRun(f"{len(missing)} of {len(offered.committed)} payments did not arrive")
    if len(replayed) != dead:
        raise WrongRun(f"{len(replayed)} of {dead} dead deliveries arrived")
    if any(request.path != REPLAYED for request in replayed):
        raise WrongRun("a dead delivery arrived elsewhere")


def _latency(offered: Offered, arrived: Iterable[Arrival]) -> Latency:
    percentiles = statistics.quantiles(
        [(request.at - offered.committed[request.webhook_id]) * 1000 for request in arrived], n=100
    )
    return Latency(percentiles[49], percentiles[98])


def _start(url: str, lengths: Lengths) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "select deliveries from outbound_webhooks.replay(%s, p_rate => %s)",
            (PATHS.index(REPLAYED) + 1, lengths.rate),
        ).fetchone()
    if row != (lengths.dead,):
        raise WrongRun(f"{row} deliveries are replayed")


def _is_over(
    connection: psycopg.Connection[tuple[object, ...]], replay: "Future[None] | None", begin: float, lengths: Lengths
) -> bool:
    passed = time.time() - begin
    if replay is None:
        return passed >= lengths.alone_seconds
    if replay.done():
        replay.result()
    row = connection.execute("select state, moved from outbound_webhooks.replays").fetchone()
    if row is not None and row[0] == "done":
        return True
    if passed > lengths.too_long:
        raise WrongRun(f"after {passed:.0f} s the replay stands at {row}")
    return False


def _clinic(number: int) -> str:
    return f"clinic-{number}"

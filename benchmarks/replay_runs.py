"""One run: dead deliveries of one endpoint, payments for it and for others, with a replay or without; what arrived."""

import statistics
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event
from typing import LiteralString

import psycopg

from benchmarks import claim_fill as fill
from benchmarks.isolation_processes import Arrival
from benchmarks.isolation_receiver import NEIGHBOUR
from benchmarks.isolation_runs import EVENTS_PER_SECOND, SEVEN, WARM_UP_SECONDS, WrongRun

ALONE, BUSY, REPLAYING = "alone", "busy", "replaying"  # busy: as many payments instead of what is replayed
VARIANTS = (ALONE, BUSY, REPLAYING)
REPLAYED = NEIGHBOUR
PATHS = (*SEVEN, REPLAYED)  # the endpoints, in the order of their ids
IN_FLIGHT = 50  # of the replayed endpoint, which has to take the rate
PAY_EVERY_SECONDS = 0.02

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
    """How much is replayed, how fast; how long it is looked at without a replay; how often."""

    dead: int
    rate: int
    seconds: float
    repetitions: int

    @property
    def too_long(self) -> float:
        """Seconds after which a replay is taken to have got stuck."""
        return 120 + 5 * self.dead / self.rate


FULL = Lengths(dead=100_000, rate=500, seconds=60, repetitions=3)
SHORT = Lengths(dead=2_500, rate=500, seconds=5, repetitions=1)


@dataclass(frozen=True)
class Offered:
    """When the commit of each event had returned, by event; what was measured between; how much was sent besides."""

    committed: Mapping[str, float]
    begin: float
    end: float
    besides: int = 0


@dataclass(frozen=True)
class Latency:
    """Percentiles in ms."""

    p50: float
    p99: float


@dataclass(frozen=True)
class Outcome:
    """Latencies of new payments, of the other endpoints and of the replayed one; what else arrived there a second."""

    others: Latency
    same: Latency
    besides: float = 0.0
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
    enough = Event()
    committed: dict[str, float] = {}
    interval = 1 / (EVENTS_PER_SECOND * len(PATHS))
    warm_up = round(WARM_UP_SECONDS / interval)
    besides: Future[int] | None = None
    with psycopg.connect(url, autocommit=True) as connection, ThreadPoolExecutor(1) as beside, ExitStack() as ending:
        ending.callback(enough.set)  # whatever happens here, or the executor would wait for ever
        started = time.monotonic()
        begin, number = 0.0, 0
        while True:
            time.sleep(max(0.0, started + number * interval - time.monotonic()))
            if number == warm_up:
                begin = time.time()
                if variant == BUSY:
                    besides = beside.submit(_pay, url, lengths, enough)
                elif variant == REPLAYING:
                    besides = beside.submit(_start, url, lengths)
            elif number > warm_up and number % 50 == 0 and _is_over(connection, variant, besides, begin, lengths):
                end = time.time()
                enough.set()
                return Offered(committed, begin, end, besides.result() if besides else 0)
            row = connection.execute(
                "select outbound_webhooks.emit(%s, 'payment_transaction.created', 'payment_transaction', %s, %s)",
                (_clinic(1 + number % len(PATHS)), str(number), '{"status": "paid", "amount": 14900}'),
            ).fetchone()
            assert row is not None
            committed[str(row[0])] = time.time()
            number += 1


def wait_until_sent(url: str, lengths: Lengths) -> None:
    """Wait for what is still on its way; what does not arrive is for `check` to find."""
    deadline = time.monotonic() + lengths.too_long
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute("select from outbound_webhooks.deliveries limit 1").rowcount:
            if time.monotonic() > deadline:
                return
            time.sleep(0.1)


def outcome(arrived: Sequence[Arrival], offered: Offered) -> Outcome:
    """What came of it, the warm-up left out."""
    check(arrived, offered)
    besides = [request.at for request in arrived if request.webhook_id not in offered.committed]
    paid = [
        request for request in arrived if offered.begin <= offered.committed.get(request.webhook_id, 0.0) < offered.end
    ]
    return Outcome(
        others=_latency(offered, (request for request in paid if request.path != REPLAYED)),
        same=_latency(offered, (request for request in paid if request.path == REPLAYED)),
        besides=len(besides) / (max(besides) - offered.begin) if besides else 0.0,
    )


def check(arrived: Sequence[Arrival], offered: Offered) -> None:
    """Whether everything arrived, and once.

    Raises:
        WrongRun: a payment or a replayed delivery is missing, or came twice; or one came that nobody asked for.
    """
    twice = [
        webhook_id for webhook_id, count in Counter(request.webhook_id for request in arrived).items() if count > 1
    ]
    missing = offered.committed.keys() - {request.webhook_id for request in arrived}
    besides = [request for request in arrived if request.webhook_id not in offered.committed]
    if twice:
        raise WrongRun(f"{len(twice)} arrived twice")
    if missing:
        raise WrongRun(f"{len(missing)} of {len(offered.committed)} payments did not arrive")
    if len(besides) != offered.besides:
        raise WrongRun(f"{len(besides)} of {offered.besides} deliveries besides arrived")
    if any(request.path != REPLAYED for request in besides):
        raise WrongRun("one of those besides arrived elsewhere")


def _latency(offered: Offered, arrived: Iterable[Arrival]) -> Latency:
    percentiles = statistics.quantiles(
        [(request.at - offered.committed[request.webhook_id]) * 1000 for request in arrived], n=100
    )
    return Latency(percentiles[49], percentiles[98])


def _pay(url: str, lengths: Lengths, enough: Event) -> int:
    """Commit payments of the replayed endpoint's clinic, as many a second as a replay has, a few at a time."""
    committed, each = 0, max(1, round(lengths.rate * PAY_EVERY_SECONDS))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        started = time.monotonic()
        while not enough.wait(max(0.0, started + committed / lengths.rate - time.monotonic())):
            connection.execute(
                "select outbound_webhooks.emit(%s, 'payment_transaction.created', 'payment_transaction', n::text, %s)"
                " from generate_series(1, %s) as n",
                (_clinic(PATHS.index(REPLAYED) + 1), '{"status": "paid", "amount": 14900}', each),
            )
            committed += each
    return committed


def _start(url: str, lengths: Lengths) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "select deliveries from outbound_webhooks.replay(%s, p_rate => %s)",
            (PATHS.index(REPLAYED) + 1, lengths.rate),
        ).fetchone()
    if row != (lengths.dead,):
        raise WrongRun(f"{row} deliveries are replayed")
    return lengths.dead


def _is_over(
    connection: psycopg.Connection[tuple[object, ...]],
    variant: str,
    besides: "Future[int] | None",
    begin: float,
    lengths: Lengths,
) -> bool:
    passed = time.time() - begin
    if besides is not None and besides.done():
        besides.result()  # or what it raised
    if variant != REPLAYING:
        return passed >= lengths.seconds
    row = connection.execute("select state, moved from outbound_webhooks.replays").fetchone()
    if row is not None and row[0] == "done":
        return True
    if passed > lengths.too_long:
        raise WrongRun(f"after {passed:.0f} s the replay stands at {row}")
    return False


def _clinic(number: int) -> str:
    return f"clinic-{number}"

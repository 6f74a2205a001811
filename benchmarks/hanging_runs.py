"""One run beside endpoints that hang: who they are, what is watched of the dispatcher, and what came of it."""

import math
import statistics
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psycopg

from benchmarks import claim_fill as fill
from benchmarks.isolation_processes import Arrival
from benchmarks.isolation_receiver import HANGING, HEALTHY
from benchmarks.isolation_runs import ALONE as ALONE  # the seven healthy ones, and nobody else
from benchmarks.isolation_runs import HEALTHY_ENDPOINTS, SEVEN, WARM_UP_SECONDS, WrongRun

MANY, ONE = "many", "one"  # clinics that the hanging endpoints are of
VARIANTS = (ALONE, MANY, ONE)
LEAST_HANGING = 50  # requests: a dispatcher's share for one clinic is a fourth of its 200 slots
LOOK_EVERY_SECONDS = 0.05


@dataclass(frozen=True)
class Lengths:
    """How long is measured, how many endpoints hang, and how much waits for each of them."""

    seconds: float
    endpoints: int
    waiting_each: int


FULL = Lengths(seconds=60, endpoints=1000, waiting_each=20)
SHORT = Lengths(seconds=4, endpoints=1000, waiting_each=12)


@dataclass(frozen=True)
class Seen:
    """Of the dispatcher: open sockets at once, and memory in MB, at most; and that before anything hung."""

    sockets: int
    memory: float
    memory_before: float


@dataclass(frozen=True)
class Outcome:
    """Of the healthy ones: deliveries a second, latencies in ms of what arrived; requests that hung; what was seen."""

    rate: float
    p50: float
    p99: float
    hung: int
    seen: Seen


class Watch:
    """Looks at a process again and again (Linux), in a thread, from when it is entered."""

    def __init__(self, pid: int) -> None:
        self._proc = Path(f"/proc/{pid}")
        self._sockets = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._memory_before = 0.0

    def __enter__(self) -> "Watch":
        self._memory_before = self._megabytes("VmRSS")
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def take(self) -> Seen:
        """What was seen so far, this moment included."""
        self._count()
        return Seen(self._sockets, self._megabytes("VmHWM"), self._memory_before)

    def _look(self) -> None:
        while not self._ended.wait(LOOK_EVERY_SECONDS):
            self._count()

    def _count(self) -> None:
        self._sockets = max(self._sockets, sum(map(_is_socket, (self._proc / "fd").iterdir())))

    def _megabytes(self, name: str) -> float:
        (line,) = [line for line in (self._proc / "status").read_text().splitlines() if line.startswith(name + ":")]
        return int(line.split()[1]) / 1024


def _is_socket(descriptor: Path) -> bool:
    try:
        return str(descriptor.readlink()).startswith("socket:")
    except OSError:  # closed meanwhile
        return False


def prepare(url: str, variant: str, port: int, lengths: Lengths) -> None:
    """Make the endpoints of a variant in a database, and what waits for those that hang."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        connection.execute("update outbound_webhooks.settings set max_endpoints_per_clinic = 1000")
        connection.execute("select outbound_webhooks.set_url_policy(p_internal_urls => true)")  # 127.0.0.n
        for number, path in enumerate(SEVEN, 1):
            _create(connection, f"clinic-{number}", f"https://127.0.0.{number}:{port}{path}")
        if variant != ALONE:
            for number in range(lengths.endpoints):
                clinic = f"hanging-{number}" if variant == MANY else "hanging"
                _create(connection, clinic, f"https://127.0.0.{HEALTHY_ENDPOINTS + 1}:{port}{HANGING}-{number}")
            # An event goes to all endpoints of its clinic: those of the first one are enough if it is the only one.
            first = HEALTHY_ENDPOINTS + 1
            last = HEALTHY_ENDPOINTS + lengths.endpoints if variant == MANY else first
            fill.waiting(connection, lengths.waiting_each, first, last)
        fill.settle(connection)


def _create(connection: psycopg.Connection[tuple[object, ...]], clinic: str, url: str) -> None:
    connection.execute("select outbound_webhooks.create_endpoint(%s, %s)", (clinic, url))


def outcome(
    arrived: Sequence[Arrival], committed: Mapping[str, float], variant: str, lengths: Lengths, seen: Seen
) -> Outcome:
    """What came of a run, its warm-up left out.

    Raises:
        WrongRun: nothing hung, or something arrived twice at the healthy ones, or a healthy one got nothing at all.
    """
    healthy = [request for request in arrived if request.path.startswith(HEALTHY)]
    hung = sum(request.path.startswith(HANGING) for request in arrived)
    if {request.path for request in healthy} != set(SEVEN):
        raise WrongRun(f"{variant}: requests at {sorted({request.path for request in healthy})} only")
    if len(healthy) != len({request.webhook_id for request in healthy}):
        raise WrongRun(f"{variant}: something arrived twice")
    if (variant == ALONE and hung) or (variant != ALONE and hung < LEAST_HANGING):
        raise WrongRun(f"{variant}: {hung} requests hang")
    begin = min(committed.values()) + WARM_UP_SECONDS
    end = begin + lengths.seconds
    offered = {webhook_id: at for webhook_id, at in committed.items() if at >= begin}
    latencies = [
        (request.at - offered[request.webhook_id]) * 1000 for request in healthy if request.webhook_id in offered
    ]
    # A healthy one that gets nothing any more is a result, and the one to look for.
    percentiles = statistics.quantiles(latencies, n=100) if len(latencies) > 1 else [math.inf] * 99
    rate = sum(begin <= request.at < end for request in healthy) / lengths.seconds
    return Outcome(rate, percentiles[49], percentiles[98], hung, seen)

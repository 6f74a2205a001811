"""What the healthy ones got, as Markdown."""

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.isolation_runs import (
    ALONE,
    EIGHTH,
    EVENTS_PER_SECOND,
    HEALTHY_ENDPOINTS,
    STEADY,
    TROUBLED,
    WARM_UP_SECONDS,
    Lengths,
    Outcome,
)

RATE_AT_LEAST = 0.95
P99_AT_MOST = 2.0


@dataclass(frozen=True)
class Place:
    """What the variants are compared on: the load, and how long a healthy receiver takes to answer."""

    load: str
    answer_seconds: float

    def __str__(self) -> str:
        answer = f"after {self.answer_seconds * 1000:.0f} ms" if self.answer_seconds else "at once"
        return f"{self.load}, answers {answer}"


Outcomes = Mapping[Place, Mapping[str, Sequence[Outcome]]]


def render(conditions: Sequence[str], outcomes: Outcomes, lengths: Lengths) -> str:
    """The whole report."""
    parts = [_conditions(conditions, outcomes, lengths), rates(outcomes), latencies(outcomes)]
    return "\n\n".join("\n".join(part) for part in parts)


def _conditions(conditions: Sequence[str], outcomes: Outcomes, lengths: Lengths) -> Iterator[str]:
    repetitions = len(next(iter(outcomes.values()))[ALONE])
    yield "### Conditions"
    yield ""
    yield from (f"- {line}" for line in conditions)
    yield "- the dispatcher, the receivers (HTTPS, an address for each endpoint) and what commits on the same cores"
    yield (
        f"- alone: {HEALTHY_ENDPOINTS} endpoints of as many clinics; troubled: one more hangs for ever, one answers 500"
        f" at once, and one has {lengths.waiting:,} rows waiting and answers as the healthy ones do;"
        " eighth: one more healthy one, which shows what sharing with it costs"
    )
    yield (
        f"- {repetitions} interleaved repetitions, each from a fresh copy of the database with a new dispatcher,"
        f" its first {WARM_UP_SECONDS:g} s dropped; settings of the dispatcher and of endpoints as installed"
    )
    yield (
        f"- steady: {EVENTS_PER_SECOND} events a second for each endpoint but the one with the rows, each committed by"
        f" itself, for {lengths.steady_seconds:g} s; backlog: {lengths.backlog_each:,} waiting for each, measured for"
        f" {lengths.backlog_seconds:g} s"
    )


def rates(outcomes: Outcomes) -> Iterator[str]:
    """Deliveries a second of the healthy ones."""
    yield "### Rates of the healthy ones"
    yield ""
    yield "Ratio: the median of the repetitions' own ratios (lowest-highest). Processor: the dispatcher's, of one core."
    yield ""
    yield (
        "| load | alone, a second | troubled, a second | everybody, troubled | processor, alone, troubled"
        " | troubled / eighth | **troubled / alone** | at least | |"
    )
    yield "|---" * 9 + "|"
    for place, by_variant in outcomes.items():
        ratios = _ratios(by_variant, lambda outcome: outcome.rate)
        cells = [
            str(place),
            f"{_median(by_variant[ALONE], lambda outcome: outcome.rate):,.0f}",
            f"{_median(by_variant[TROUBLED], lambda outcome: outcome.rate):,.0f}",
            f"{_median(by_variant[TROUBLED], lambda outcome: outcome.all_rate):,.0f}",
            ", ".join(f"{_median(by_variant[v], lambda outcome: outcome.processor):.0%}" for v in (ALONE, TROUBLED)),
            _range(_ratios(by_variant, lambda outcome: outcome.rate, EIGHTH)) if EIGHTH in by_variant else "-",
            _range(ratios), f"{RATE_AT_LEAST}", _met(statistics.median(ratios) >= RATE_AT_LEAST),
        ]  # fmt: skip
        yield f"| {' | '.join(cells)} |"


def latencies(outcomes: Outcomes) -> Iterator[str]:
    """From commit to receipt, under the steady load."""
    yield "### Latency of the healthy ones"
    yield ""
    yield "Milliseconds from the return of the commit to the receipt: medians of the repetitions (lowest-highest)."
    yield ""
    yield (
        "| load | p50 alone | p50 troubled | p99 alone | p99 troubled | p50, troubled / alone"
        " | **p99, troubled / alone** | at most | |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for place, by_variant in outcomes.items():
        if place.load != STEADY:
            continue
        ratios = _ratios(by_variant, lambda outcome: outcome.p99)
        cells = [
            str(place),
            *(_range([outcome.p50 for outcome in by_variant[variant]], ".1f") for variant in (ALONE, TROUBLED)),
            *(_range([outcome.p99 for outcome in by_variant[variant]], ".1f") for variant in (ALONE, TROUBLED)),
            _range(_ratios(by_variant, lambda outcome: outcome.p50)),
            _range(ratios), f"{P99_AT_MOST:g}", _met(statistics.median(ratios) <= P99_AT_MOST),
        ]  # fmt: skip
        yield f"| {' | '.join(cells)} |"


def _ratios(
    by_variant: Mapping[str, Sequence[Outcome]], of: Callable[[Outcome], float], below: str = ALONE
) -> list[float]:
    return [
        ratio(of(troubled), of(other)) for other, troubled in zip(by_variant[below], by_variant[TROUBLED], strict=True)
    ]


def ratio(above: float, below: float) -> float:
    """The one by the other; to nothing, which is what arrives while a machine stands still, it is infinite."""
    return above / below if below else math.inf


def _median(found: Sequence[Outcome], of: Callable[[Outcome], float]) -> float:
    return statistics.median(map(of, found))


def _range(values: Sequence[float], form: str = ".2f") -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}}-{max(values):{form}})"


def _met(met: bool) -> str:
    return "met" if met else "**not met**"

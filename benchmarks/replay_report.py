"""What new payments got beside a replay, as Markdown."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence

from benchmarks.isolation_runs import EVENTS_PER_SECOND, HEALTHY_ENDPOINTS, WARM_UP_SECONDS
from benchmarks.replay_runs import ALONE, IN_FLIGHT, REPLAYING, Latency, Lengths, Outcome

P99_AT_MOST = 2.0
ENDPOINTS: Mapping[str, Callable[[Outcome], Latency]] = {
    f"the {HEALTHY_ENDPOINTS} others": lambda outcome: outcome.others,
    "the replayed endpoint": lambda outcome: outcome.same,
}

Outcomes = Mapping[str, Sequence[Outcome]]


def render(conditions: Sequence[str], outcomes: Outcomes, lengths: Lengths) -> str:
    """The whole report."""
    parts = [_conditions(conditions, lengths), replays(outcomes, lengths), latencies(outcomes)]
    return "\n\n".join("\n".join(part) for part in parts)


def _conditions(conditions: Sequence[str], lengths: Lengths) -> Iterator[str]:
    yield "### Conditions"
    yield ""
    yield from (f"- {line}" for line in conditions)
    yield "- the dispatcher, the receivers (HTTPS, an address for each endpoint) and what commits on the same cores"
    yield (
        f"- {EVENTS_PER_SECOND} events a second for each of {HEALTHY_ENDPOINTS + 1} endpoints, each committed by"
        f" itself; receivers answer at once; the replayed endpoint may have {IN_FLIGHT} requests in flight"
    )
    yield (
        f"- {lengths.repetitions} interleaved repetitions, each from a fresh copy of the database with a new"
        f" dispatcher, its first {WARM_UP_SECONDS:g} s dropped;"
        f" alone: {lengths.alone_seconds:g} s; replaying: until it was done"
    )


def replays(outcomes: Outcomes, lengths: Lengths) -> Iterator[str]:
    """How fast the dead deliveries arrived."""
    found = outcomes[REPLAYING]
    yield "### The replay"
    yield ""
    yield "Medians of the repetitions (lowest-highest). Processor: the dispatcher's, of one core."
    yield ""
    yield "| deliveries | rate asked for | arrived, a second | processor, alone | processor, replaying |"
    yield "|---|---|---|---|---|"
    cells = [
        f"{lengths.dead:,}",
        f"{lengths.rate}",
        _range([outcome.replayed for outcome in found], ".0f"),
        *(f"{statistics.median(outcome.processor for outcome in outcomes[v]):.0%}" for v in (ALONE, REPLAYING)),
    ]
    yield f"| {' | '.join(cells)} |"


def latencies(outcomes: Outcomes) -> Iterator[str]:
    """From commit to receipt."""
    yield "### Latency of new payments"
    yield ""
    yield "Milliseconds from the return of the commit to the receipt: medians of the repetitions (lowest-highest)."
    yield ""
    yield (
        "| payments of | p50 alone | p50 replaying | p99 alone | p99 replaying | p50, replaying / alone"
        " | **p99, replaying / alone** | at most | |"
    )
    yield "|---" * 9 + "|"
    for name, of in ENDPOINTS.items():
        alone, replaying = ([of(outcome) for outcome in outcomes[variant]] for variant in (ALONE, REPLAYING))
        ratios = [b.p99 / a.p99 for a, b in zip(alone, replaying, strict=True)]
        cells = [
            name,
            *(_range([latency.p50 for latency in found], ".1f") for found in (alone, replaying)),
            *(_range([latency.p99 for latency in found], ".1f") for found in (alone, replaying)),
            _range([b.p50 / a.p50 for a, b in zip(alone, replaying, strict=True)]),
            _range(ratios), f"{P99_AT_MOST:g}",
            "met" if statistics.median(ratios) <= P99_AT_MOST else "**not met**",
        ]  # fmt: skip
        yield f"| {' | '.join(cells)} |"


def _range(values: Sequence[float], form: str = ".2f") -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}}-{max(values):{form}})"

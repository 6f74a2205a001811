"""What new payments got beside a replay, as Markdown."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence

from benchmarks.isolation_runs import EVENTS_PER_SECOND, HEALTHY_ENDPOINTS, WARM_UP_SECONDS
from benchmarks.replay_runs import ALONE, BUSY, IN_FLIGHT, REPLAYING, VARIANTS, Latency, Lengths, Outcome

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
        f" alone and busy: {lengths.seconds:g} s; replaying: until it was done"
    )


def replays(outcomes: Outcomes, lengths: Lengths) -> Iterator[str]:
    """How fast the dead deliveries arrived."""
    found = outcomes[REPLAYING]
    yield "### The replay"
    yield ""
    yield "Medians of the repetitions (lowest-highest). Processor: the dispatcher's, of one core."
    yield ""
    yield "| deliveries | rate asked for | arrived, a second | processor, alone | busy | replaying |"
    yield "|---|---|---|---|---|---|"
    cells = [
        f"{lengths.dead:,}",
        f"{lengths.rate}",
        _range([outcome.besides for outcome in found], ".0f"),
        *(f"{statistics.median(outcome.processor for outcome in outcomes[v]):.0%}" for v in VARIANTS),
    ]
    yield f"| {' | '.join(cells)} |"


def latencies(outcomes: Outcomes) -> Iterator[str]:
    """From commit to receipt."""
    yield "### Latency of new payments"
    yield ""
    yield "Milliseconds from the return of the commit to the receipt: medians of the repetitions (lowest-highest)."
    yield "Busy: the endpoint gets as many payments a second, instead of what is replayed."
    yield ""
    yield ("| payments of | | alone | busy | replaying | replaying / busy | **replaying / alone** | at most | |")
    yield "|---" * 9 + "|"
    for name, of in ENDPOINTS.items():
        found = {variant: [of(outcome) for outcome in outcomes[variant]] for variant in VARIANTS}
        yield _row(name, "p50", {variant: [each.p50 for each in found[variant]] for variant in VARIANTS}, None)
        yield _row("", "p99", {variant: [each.p99 for each in found[variant]] for variant in VARIANTS}, P99_AT_MOST)


def _row(name: str, which: str, found: Mapping[str, Sequence[float]], at_most: float | None) -> str:
    to_busy, to_alone = (
        [after / before for before, after in zip(found[other], found[REPLAYING], strict=True)]
        for other in (BUSY, ALONE)
    )
    cells = [name, which, *(_range(found[variant], ".1f") for variant in VARIANTS), _range(to_busy), _range(to_alone)]
    if at_most is None:
        cells += ["", ""]
    else:
        cells += [f"{at_most:g}", "met" if statistics.median(to_alone) <= at_most else "**not met**"]
    return f"| {' | '.join(cells)} |"


def _range(values: Sequence[float], form: str = ".2f") -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}}-{max(values):{form}})"

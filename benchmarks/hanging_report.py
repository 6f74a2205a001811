"""What the healthy ones got beside endpoints that hang, and what these cost the dispatcher, as Markdown."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence

from benchmarks.hanging_runs import ALONE, MANY, ONE, VARIANTS, Lengths, Outcome
from benchmarks.isolation_report import RATE_AT_LEAST, ratio
from benchmarks.isolation_runs import EVENTS_PER_SECOND, HEALTHY_ENDPOINTS, WARM_UP_SECONDS

WORDS = {ALONE: "nobody", MANY: "{}, of as many clinics", ONE: "{}, of one clinic"}


def render(conditions: Sequence[str], outcomes: Mapping[str, Sequence[Outcome]], lengths: Lengths) -> str:
    """The whole report."""
    parts = [_conditions(conditions, outcomes, lengths), rows(outcomes, lengths)]
    return "\n\n".join("\n".join(part) for part in parts)


def _conditions(
    conditions: Sequence[str], outcomes: Mapping[str, Sequence[Outcome]], lengths: Lengths
) -> Iterator[str]:
    yield "### Conditions"
    yield ""
    yield from (f"- {line}" for line in conditions)
    yield "- the dispatcher, the receivers (HTTPS) and what commits on the same cores"
    yield (
        f"- {HEALTHY_ENDPOINTS} healthy endpoints of as many clinics, each with {EVENTS_PER_SECOND} events a second;"
        f" {lengths.endpoints:,} that accept and never answer, each with {lengths.waiting_each} deliveries; all of it"
        f" becomes due at once, {WARM_UP_SECONDS:g} s after the first events"
    )
    yield (
        f"- {len(outcomes[ALONE])} interleaved repetitions of {lengths.seconds:g} s, each from a fresh copy of the"
        f" database with a new dispatcher, {WARM_UP_SECONDS:g} s after that dropped; settings as installed"
    )


def rows(outcomes: Mapping[str, Sequence[Outcome]], lengths: Lengths) -> Iterator[str]:
    """A row for each variant."""
    yield "### The healthy ones, and the dispatcher"
    yield ""
    yield "Medians of the repetitions (lowest-highest). Ratio: of the repetitions' own ratios to nobody hanging."
    yield ""
    yield (
        "| who hangs | healthy, a second | **ratio** | at least | | p50 ms | p99 ms | requests that hung"
        " | sockets at once | memory, MB | grown by |"
    )
    yield "|---" * 11 + "|"
    for variant in VARIANTS:
        found = outcomes[variant]
        ratios = [ratio(own.rate, alone.rate) for own, alone in zip(found, outcomes[ALONE], strict=True)]
        met = "met" if statistics.median(ratios) >= RATE_AT_LEAST else "**not met**"
        cells = [
            WORDS[variant].format(f"{lengths.endpoints:,}"),
            f"{statistics.median(own.rate for own in found):.0f}",
            _range(ratios, ".2f"), f"{RATE_AT_LEAST}", "" if variant == ALONE else met,
            *(_of(found, of, ".0f") for of in OF),
        ]  # fmt: skip
        yield f"| {' | '.join(cells)} |"


OF: tuple[Callable[[Outcome], float], ...] = (
    lambda own: own.p50,
    lambda own: own.p99,
    lambda own: own.hung,
    lambda own: own.seen.sockets,
    lambda own: own.seen.memory,
    lambda own: own.seen.memory - own.seen.memory_before,
)


def _of(found: Sequence[Outcome], of: Callable[[Outcome], float], form: str) -> str:
    return _range([of(own) for own in found], form)


def _range(values: Sequence[float], form: str) -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}}-{max(values):{form}})"

"""What claims took, as Markdown."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.claim_plans import Touched
from benchmarks.claim_session import CLAIMS
from benchmarks.claim_states import CLAIM, SLOTS, Case

CLEAN, CHANGED = "clean", "changed"

# Milliseconds of a claim by case, clean and changed, one for each repetition.
Times = Mapping[Case, Mapping[str, Sequence[float]]]


@dataclass(frozen=True)
class Measured:
    """All that was found out."""

    times: Times
    touched: Mapping[Case, Mapping[str, Touched]]
    first_claims: Sequence[float]


def render(conditions: Sequence[str], measured: Measured) -> str:
    """The whole report."""
    parts = [_conditions(conditions, measured), claims(measured), first_claims(measured.first_claims)]
    return "\n\n".join("\n".join(part) for part in parts)


def _conditions(conditions: Sequence[str], measured: Measured) -> Iterator[str]:
    repetitions = len(next(iter(measured.times.values()))[CLEAN])
    yield "### Conditions"
    yield ""
    yield from (f"- {line}" for line in conditions)
    yield (
        f"- {repetitions} interleaved repetitions of {CLAIMS} claims of {CLAIM} rows, up to {SLOTS} of an endpoint,"
        " each rolled back: from call to answer, without commit; a connection to each database, statements prepared"
    )
    yield "- autovacuum off; `vacuum (analyze)` once each database was filled; it leaves the pinned one's dead rows"


def claims(measured: Measured) -> Iterator[str]:
    """A row for each case."""
    yield "### Claims"
    yield ""
    yield "Ratio: the median of the repetitions' own ratios (lowest-highest). Each cell of a pair: clean, changed."
    yield ""
    yield (
        "| changed / clean | ms a claim (lowest) | us a row | buffers a claim | rows read a claim"
        " | **ratio** | at most | |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for case, times in measured.times.items():
        touched = measured.touched[case]
        pair = (CLEAN, CHANGED)
        cells = [
            case.name,
            ", ".join(f"{statistics.median(times[one]):.2f} ({min(times[one]):.2f})" for one in pair),
            ", ".join(f"{statistics.median(times[one]) * 1000 / CLAIM:.0f}" for one in pair),
            ", ".join(f"{touched[one].buffers:,.0f}" for one in pair),
            ", ".join(f"{touched[one].rows:,.0f}" for one in pair),
            *verdict(case, times),
        ]
        yield f"| {' | '.join(cells)} |"


def verdict(case: Case, times: Mapping[str, Sequence[float]]) -> tuple[str, str, str]:
    """The ratio, what it may be, and whether it is."""
    ratios = [changed / clean for clean, changed in zip(times[CLEAN], times[CHANGED], strict=True)]
    median = statistics.median(ratios)
    ratio = f"{median:.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
    if case.at_most is None:
        return ratio, "-", "shown"
    return ratio, f"{case.at_most:g}", "met" if median <= case.at_most else "**not met**"


def first_claims(took: Sequence[float]) -> Iterator[str]:
    """What putting off cost."""
    yield "### The claims that put off"
    yield ""
    yield (
        f"{len(took)} claims put off what was due behind the stuck heads: {sum(took):,.0f} ms in all,"
        f" {statistics.median(took):.0f} ms each in the median, {max(took):.0f} ms at most."
        f" In their order: {', '.join(f'{milliseconds:.0f}' for milliseconds in took)}."
    )

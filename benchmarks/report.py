"""What was measured, as Markdown: conditions, ratios with their ranges, hot loops, and the targets."""

import os
import platform
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks import pgbench
from benchmarks.loops import Loop, Measured
from benchmarks.promises import NOTHING, Lacking
from benchmarks.server import DURABILITY, SETTINGS, Bench
from benchmarks.variants import (
    ENDPOINTS,
    INSERT,
    IRRELEVANT,
    MINIMAL,
    NO_ENDPOINT,
    NO_TRIGGER,
    NOTIFYING,
    OPERATIONS,
    OTHER_CLINICS,
    OURS,
    RELEVANT,
    ROWS,
    Operation,
)


@dataclass(frozen=True)
class Place:
    """What the variants are compared on."""

    operation: Operation
    synchronous_commit: str
    clients: int

    def __str__(self) -> str:
        clients = counted(self.clients, "client")
        return f"{self.operation.name}, synchronous_commit {self.synchronous_commit}, {clients}"


def counted(number: int, noun: str) -> str:
    """A number and its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


Rates = Mapping[Place, Mapping[str, Sequence[float]]]  # statements a second by variant, one for each repetition


@dataclass(frozen=True)
class Target:
    """Ours has to reach this share of another variant's rate."""

    operation: Operation
    synchronous_commit: str
    against: str
    at_least: float
    clients: tuple[int, ...] = (1, 8, 32)


TARGETS = (
    Target(INSERT, "on", MINIMAL, 0.80),
    Target(INSERT, "off", MINIMAL, 0.65),
    Target(RELEVANT, "on", MINIMAL, 0.80),
    Target(RELEVANT, "off", MINIMAL, 0.65),
    Target(IRRELEVANT, "on", NO_TRIGGER, 0.93),
    Target(NO_ENDPOINT, "on", NO_TRIGGER, 0.80),
    Target(INSERT, "on", NOTIFYING, 2.5, (32,)),
    Target(RELEVANT, "on", NOTIFYING, 2.5, (32,)),
)


def render(bench: Bench, rates: Rates, loops: Measured, lacking: Lacking) -> str:
    """The whole report."""
    parts = [conditions(bench, rates), ratios(rates), hot_loops(loops), promises(lacking), targets(rates)]
    return "\n\n".join("\n".join(part) for part in parts)


def conditions(bench: Bench, rates: Rates) -> Iterator[str]:
    """On what, and how."""
    version = bench.host.connection.info.parameter_status("server_version")
    settings = [f"{name} {bench.host.value('select current_setting(%s)', name)}" for name in (*DURABILITY, *SETTINGS)]
    repetitions = len(next(iter(next(iter(rates.values())).values())))
    yield "### Conditions"
    yield ""
    system = f"{platform.system()} {platform.release()}, {os.cpu_count()} cores shared with pgbench"
    yield f"- PostgreSQL {version} on {system}"
    yield f"- {', '.join(settings)}"
    yield (
        f"- {counted(repetitions, 'interleaved repetition')} of {pgbench.SECONDS} s,"
        f" the first {pgbench.WARM_UP_SECONDS} s dropped;"
        " pgbench over the Unix socket, prepared statements, one statement a transaction"
    )
    yield (
        f"- {ENDPOINTS} matching endpoints (without a filter), {OTHER_CLINICS} of other clinics;"
        f" {ROWS} payments to update; all tables emptied before each run"
    )


def ratios(rates: Rates) -> Iterator[str]:
    """A row for each place."""
    yield "### Rates"
    yield ""
    yield "Ratios: the median of the repetitions' own ratios (lowest-highest). Spread: (highest - lowest) / median."
    yield ""
    yield (
        f"| statement | synchronous_commit | clients | {NO_TRIGGER}, a second (spread) | {MINIMAL} / {NO_TRIGGER}"
        f" | **{OURS} / {MINIMAL}** | {OURS} / {NO_TRIGGER} | {OURS} / {NOTIFYING} |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for place, by_variant in rates.items():
        untouched = by_variant[NO_TRIGGER]
        cells = [
            place.operation.name, place.synchronous_commit, str(place.clients),
            f"{statistics.median(untouched):,.0f} ({_spread(untouched):.0%})",
            *(
                _ratio(by_variant, above, below)
                for above, below in ((MINIMAL, NO_TRIGGER), (OURS, MINIMAL), (OURS, NO_TRIGGER), (OURS, NOTIFYING))
            ),
        ]  # fmt: skip
        yield f"| {' | '.join(cells)} |"


def hot_loops(loops: Measured) -> Iterator[str]:
    """Microseconds of processor time a statement."""
    yield "### Processor time"
    yield ""
    yield (
        "Microseconds a statement of the server's processor, the statement itself included: medians (lowest) of"
        f" {len(next(iter(loops.values())))} interleaved loops on the server."
        " *one*: all in one transaction; *each*: each in its own, synchronous_commit off."
    )
    yield ""
    variants = (NO_TRIGGER, MINIMAL, OURS)
    heads = [f"{variant}, {kind}" for variant in variants for kind in ("one", "each")]
    yield f"| statement | {' | '.join(heads)} |"
    yield "|---" * (len(heads) + 1) + "|"
    for operation in OPERATIONS:
        cells = [_loop(loops, Loop(operation, v, separately)) for v in variants for separately in (False, True)]
        yield f"| {operation.name} | {' | '.join(cells)} |"


def promises(lacking: Lacking) -> Iterator[str]:
    """What a statement costs without each of them; the lowest, as what comes on top is the machine's."""
    whole = min(lacking[NOTHING])
    yield "### What each promise costs"
    yield ""
    yield (
        "A single INSERT in a transaction of its own, by functions without what keeps one promise:"
        f" microseconds of processor time, the lowest of {len(lacking[NOTHING])} interleaved loops."
    )
    yield ""
    yield "| without | microseconds | less than ours |"
    yield "|---|---|---|"
    for words, values in lacking.items():
        yield f"| {words} | {min(values):,.0f} | {whole - min(values):,.0f} |"


def targets(rates: Rates) -> Iterator[str]:
    """Whether each target is met: said, and nothing else; a noisy machine must not fail a build."""
    clients = (1, 8, 32)
    yield "### Targets"
    yield ""
    yield f"| ours, at least | {' | '.join(counted(count, 'client') for count in clients)} |"
    yield "|---" * (len(clients) + 1) + "|"
    for target in TARGETS:
        words = (
            f"{target.at_least:.2f} x {target.against}: {target.operation.name},"
            f" synchronous_commit {target.synchronous_commit}"
        )
        yield f"| {words} | {' | '.join(_verdict(rates, target, count) for count in clients)} |"


def _verdict(rates: Rates, target: Target, clients: int) -> str:
    by_variant = rates.get(Place(target.operation, target.synchronous_commit, clients))
    if clients not in target.clients:
        return ""
    if by_variant is None:
        return "not measured"
    met = statistics.median(_ratios(by_variant, OURS, target.against)) >= target.at_least
    return f"{_ratio(by_variant, OURS, target.against)}: {'met' if met else '**not met**'}"


def _ratios(by_variant: Mapping[str, Sequence[float]], above: str, below: str) -> list[float]:
    pairs = zip(by_variant.get(above, ()), by_variant.get(below, ()), strict=False)
    return [numerator / denominator for numerator, denominator in pairs]


def _ratio(by_variant: Mapping[str, Sequence[float]], above: str, below: str) -> str:
    found = _ratios(by_variant, above, below)
    return f"{statistics.median(found):.2f} ({min(found):.2f}-{max(found):.2f})" if found else "-"


def _spread(values: Sequence[float]) -> float:
    return (max(values) - min(values)) / statistics.median(values)


def _loop(loops: Measured, loop: Loop) -> str:
    values = loops.get(loop)
    return f"{statistics.median(values):,.0f} ({min(values):,.0f})" if values else "-"

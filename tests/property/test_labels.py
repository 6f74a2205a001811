"""Labels of endpoints: whoever has one, and whoever loses it, the sum is what happened, and nothing goes backwards."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.telemetry.metrics.tally import OTHER, Labels, Tally

ENDPOINTS = st.integers(1, 8)


@dataclass(frozen=True)
class Sent:
    """An attempt of an endpoint, and what came of it."""

    endpoint_id: int
    outcome: str
    seconds: float
    dead: bool


SENT = st.builds(
    Sent,
    ENDPOINTS,
    st.sampled_from(["succeeded", "failed"]),
    st.sampled_from([0.0, 0.0625, 0.25, 2.0, 64.0]),
    st.booleans(),
)
CHOICE = st.frozensets(ENDPOINTS)
Numbers = dict[Any, float]


def count(tally: Tally, sent: Sent) -> None:
    """Count an attempt."""
    tally.attempts[sent.outcome, "2xx"] += 1
    tally.duration.observe(sent.seconds)
    tally.latency.observe(sent.seconds * 100)
    tally.dead += sent.dead
    tally.breaker_openings += not sent.dead


def numbers(tally: Tally) -> Numbers:
    """All that a tally counts; the seconds are such that they add up exactly."""
    return {
        **tally.attempts,
        **{("duration", bound): found for bound, found in tally.duration.cumulative()},
        **{("latency", bound): found for bound, found in tally.latency.cumulative()},
        "duration": tally.duration.sum,
        "latency": tally.latency.sum,
        "dead": tally.dead,
        "openings": tally.breaker_openings,
    }


def nonzero(found: Numbers) -> Numbers:
    """Without what was not counted yet."""
    return {name: number for name, number in found.items() if number}


def total(labels: Labels) -> Numbers:
    """The sums over all labels."""
    sums: Numbers = defaultdict(float)
    for _, tally in labels:
        for name, found in numbers(tally).items():
            sums[name] += found
    return nonzero(sums)


@given(st.integers(0, 5), st.lists(st.one_of(SENT, CHOICE)))
def test_sums_are_kept(most: int, steps: list[Sent | frozenset[int]]) -> None:
    """After each step: the sum is what happened, no label went backwards, and there are not too many."""
    labels, happened, chosen = Labels(most), Tally(), frozenset[int]()
    for step in steps:
        before = {label: numbers(tally) for label, tally in labels}
        if isinstance(step, Sent):
            count(labels.of(step.endpoint_id), step)
            count(happened, step)
        else:
            chosen = frozenset(sorted(step)[:most])
            labels.choose(chosen)
        after = {label: numbers(tally) for label, tally in labels}

        assert total(labels) == nonzero(numbers(happened))
        assert len(after.keys() - {OTHER}) <= most
        assert not (OTHER in before and OTHER not in after)
        for label in before.keys() & after.keys():
            assert all(after[label][name] >= found for name, found in before[label].items())
        if isinstance(step, Sent) and step.endpoint_id in chosen:
            assert str(step.endpoint_id) in after

"""Falling asleep against committing: what is rung for, what the sweep has to find, and that nothing is lost."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest

from dispatcher.pipeline.alertness import Rhythm
from tests.chaos.racing import Race
from tests.support import postgres
from tests.support.host import Host

SECONDS = float(os.environ.get("RACE_SECONDS", "20"))
LANES = 3
MOST_RUNS = 10

# As the dispatcher's own, but for the sweep, fifty times faster: some hundred sleeps instead of a handful.
FAST = Rhythm(
    stays_awake=0.01, awake_promise=0.03, renewed_after=0.01, lingers=0.04, awake_look=0.004, linger_look=0.008
)
WITHIN_THE_LINGER = Race(FAST, longest_delay=FAST.lingers, longest_pause=0.12)
BEYOND_THE_LINGER = replace(WITHIN_THE_LINGER, longest_delay=5 * FAST.lingers)


@pytest.fixture
def lanes(server: postgres.TestServer) -> Iterator[list[str]]:
    """A database with a watched table and an endpoint for each lane."""
    with ExitStack() as opened:
        hosts = [
            opened.enter_context(closing(Host(opened.enter_context(postgres.database(server))))) for _ in range(LANES)
        ]
        for host in hosts:
            host.endpoint("https://clinic.example/")
        yield [host.url for host in hosts]


@pytest.mark.parametrize(
    ("race", "name"),
    [(WITHIN_THE_LINGER, "commits within the linger"), (BEYOND_THE_LINGER, "commits up to five lingers late")],
    ids=["within", "beyond"],
)
async def test_nothing_is_lost(lanes: list[str], race: Race, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the moment, every payment is found: by a ring, by somebody who is still looking, or by the sweep."""
    tally = await race.run(lanes, SECONDS)
    with capsys.disabled():
        print(f"\nrace, {name}: {tally}")

    assert tally.sleeps > 0
    assert tally.doorbell > 0
    assert tally.lost == 0


async def test_a_lost_ring_is_seen(lanes: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Without linger and without sweep payments are lost: the count above can be another than 0."""
    careless = replace(WITHIN_THE_LINGER, rhythm=replace(FAST, lingers=0.0, sweep=3600.0), patience=1.0)

    lost = 0
    for _ in range(MOST_RUNS):  # one of a few seconds may happen to lose none
        tally = await careless.run(lanes, SECONDS)
        with capsys.disabled():
            print(f"\nrace, without linger and sweep: {tally}")
        if lost := tally.lost:
            break

    assert lost > 0

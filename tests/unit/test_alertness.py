"""pipeline.alertness: how closely a dispatcher looks, and what it promises, second by second on a clock of our own."""

import pytest

from dispatcher.pipeline.alertness import Alertness, Phase, Rhythm

RHYTHM = Rhythm()
AWAKE = ("awake", RHYTHM.awake_promise)
ASLEEP = ("asleep", RHYTHM.asleep_promise)
START = 1000.0


def give(alertness: Alertness, now: float, *, listening: bool = True) -> tuple[str, float] | None:
    """The promise that is due now, given at once."""
    promise = alertness.promise_due(now, listening=listening)
    if promise is not None:
        alertness.promised(promise[0], now)
    return promise


def promises(alertness: Alertness, until: float, *, listening: bool = True) -> list[tuple[float, str]]:
    """The promises given when they are asked for every quarter of a second, as (seconds since START, kind)."""
    given = []
    for quarter in range(int(until * 4) + 1):
        promise = give(alertness, START + quarter / 4, listening=listening)
        if promise is not None:
            given.append((quarter / 4, promise[0]))
    return given


@pytest.mark.parametrize(
    ("since_work", "phase"),
    [
        (0, Phase.AWAKE),
        (0.49, Phase.AWAKE),
        (0.5, Phase.LINGERING),
        (3.49, Phase.LINGERING),  # the promise made at 0 lapses at 1.5; it lingers for 2 more
        (3.5, Phase.ASLEEP),
        (3600, Phase.ASLEEP),
    ],
)
def test_phases(since_work: float, phase: Phase) -> None:
    """Awake while there is work, lingering until nobody can rely on the promise any more, then asleep."""
    alertness = Alertness(last_work=START, awake_promised_at=START)

    assert alertness.phase(START + since_work) is phase


def test_it_lingers_by_its_last_promise() -> None:
    """A promise renewed late is lingered out from then on."""
    alertness = Alertness(last_work=START, awake_promised_at=START + 0.25)

    assert alertness.phase(START + 3.74) is Phase.LINGERING
    assert alertness.phase(START + 3.75) is Phase.ASLEEP


def test_without_a_promise_there_is_nothing_to_linger_for() -> None:
    """Who never promised to be awake may sleep at once."""
    assert Alertness(last_work=START).phase(START + RHYTHM.stays_awake) is Phase.ASLEEP


def test_work_wakes_it() -> None:
    """From any phase, new work makes it awake."""
    alertness = Alertness(last_work=START)
    before = alertness.phase(START + 60)
    alertness.last_work = START + 60

    assert before is Phase.ASLEEP
    assert alertness.phase(START + 60) is Phase.AWAKE


def test_a_promise_counts_from_when_it_was_written_down() -> None:
    """A database that took two seconds to write a promise down made it last two seconds longer: it lingers as long."""
    alertness = Alertness(last_work=START)
    promise = alertness.promise_due(START, listening=True)
    alertness.promised("awake", START + 2)

    assert promise == AWAKE
    assert alertness.phase(START + 5.49) is Phase.LINGERING
    assert alertness.phase(START + 5.5) is Phase.ASLEEP


@pytest.mark.parametrize(
    ("since_work", "listening", "interval"),
    [
        (0, True, RHYTHM.awake_look),
        (0, False, RHYTHM.awake_look),
        (1, True, RHYTHM.linger_look),
        (1, False, RHYTHM.linger_look),
        (10, True, RHYTHM.sweep),
        (10, False, RHYTHM.poll),  # nobody can wake it
    ],
)
def test_intervals(since_work: float, listening: bool, interval: float) -> None:
    """It looks closely while awake, less so while lingering, and asleep only sweeps, if LISTEN works."""
    alertness = Alertness(last_work=START, awake_promised_at=START)

    assert alertness.interval(START + since_work, listening=listening) == interval


def test_a_sleeper_renews_its_promise_whatever_its_sweep() -> None:
    """With a sweep that is rarer than its promise lasts, it gets up in time for the promise."""
    alertness = Alertness(last_work=START, rhythm=Rhythm(sweep=3600))

    assert alertness.interval(START + 60, listening=True) < RHYTHM.asleep_promise


def test_promises_from_work_to_sleep() -> None:
    """Awake while there is work; afterwards asleep, early enough that writers ring when the awake promise lapses."""
    alertness = Alertness(last_work=START)

    assert promises(alertness, until=2) == [
        (0, "awake"),
        (0.5, "asleep"),
        (1, "asleep"),
        (1.5, "asleep"),
        (2, "asleep"),
    ]


def test_promises_are_renewed_while_there_is_work() -> None:
    """A busy dispatcher renews its promise every half second, long before it lapses."""
    alertness = Alertness(last_work=START)
    given = []
    for quarter in range(9):
        alertness.last_work = now = START + quarter / 4
        given.append(give(alertness, now))

    assert given == [AWAKE, None, AWAKE, None, AWAKE, None, AWAKE, None, AWAKE]
    assert RHYTHM.renewed_after < RHYTHM.awake_promise


def test_without_listen_no_sleep_is_promised() -> None:
    """A ring would not be heard: writers must not be told that somebody sleeps."""
    alertness = Alertness(last_work=START)

    assert promises(alertness, until=10, listening=False) == [(0, "awake")]


def test_the_promise_of_sleep_begins_once_listen_works() -> None:
    """LISTEN that comes back is told at once."""
    alertness = Alertness(last_work=START, awake_promised_at=START)
    without = alertness.promise_due(START + 60, listening=False)
    back = alertness.promise_due(START + 60, listening=True)

    assert (without, back) == (None, ASLEEP)


def test_a_promise_is_kept_for_as_long_as_it_lasts() -> None:
    """At no moment of half a minute is it less alert than a promise that still holds says."""
    alertness = Alertness(last_work=START)
    holds_until = {"awake": 0.0, "asleep": 0.0}
    for step in range(3000):
        now = START + step / 100
        if (promise := give(alertness, now)) is not None:
            holds_until[promise[0]] = now + promise[1]

        assert now >= holds_until["awake"] or alertness.phase(now) is not Phase.ASLEEP
        assert max(holds_until.values()) > now  # writers ring, or need not: there is never neither

"""telemetry.ops: what /readyz says about a dispatcher, from what was observed."""

from types import SimpleNamespace

import pytest

from dispatcher.telemetry import observations as o
from dispatcher.telemetry import ops
from dispatcher.telemetry.ops import Readiness
from tests.unit.examples import stats

Checks = dict[str, tuple[str, str]]


class Clock:
    """A monotonic clock that a test sets."""

    now = 5000.0

    def monotonic(self) -> float:
        """What the module under test asks for."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that Readiness looks at."""
    clock = Clock()
    monkeypatch.setattr(ops, "time", SimpleNamespace(monotonic=clock.monotonic))
    return clock


def checks(*observations: o.Observation, delivering: bool = True) -> Checks:
    """The checks after these observations."""
    readiness = Readiness(delivering=delivering)
    for observation in observations:
        readiness.observe(observation)
    return readiness.checks()


LISTENING = o.ListenChanged(True, "listening")


def test_all_is_well() -> None:
    """Everything that has to be looked at, each with a state and what is so."""
    assert checks(stats(), LISTENING) == {
        "database": ("ok", "answered 0 s ago"),
        "functions": ("ok", "the loaded functions keep what this program needs"),
        "partitions": ("ok", "14 days ahead"),
        "retention": ("ok", "nothing is overdue"),
        "capture_ledger": ("ok", "empty"),
        "capture": ("ok", "on"),
        "listen": ("ok", "listening"),
        "armed": ("ok", "this database is armed for this environment"),
        "delivery": ("ok", "on; waiting: 11"),
    }


def test_before_the_first_answer() -> None:
    """Nothing is known of a database that has not answered yet: that alone is said, and it is not ready."""
    assert checks(LISTENING) == {"database": ("failing", "no answer from the database for a minute, or not yet")}


@pytest.mark.parametrize(("age", "state"), [(0, "ok"), (59, "ok"), (60, "ok"), (60.5, "failing"), (3600, "failing")])
def test_an_answer_grows_old(clock: Clock, age: float, state: str) -> None:
    """A minute without an answer, and the last one says nothing any more."""
    readiness = Readiness(delivering=True)
    readiness.observe(stats())
    clock.now += age
    found = readiness.checks()

    assert found["database"][0] == state
    assert ("partitions" in found) == (state == "ok")


def test_a_new_answer_makes_it_ready_again(clock: Clock) -> None:
    """After an outage the next snapshot counts."""
    readiness = Readiness(delivering=True)
    readiness.observe(stats())
    clock.now += 3600
    readiness.observe(stats())

    assert readiness.checks()["database"] == ("ok", "answered 0 s ago")


@pytest.mark.parametrize(
    ("changes", "check", "expected"),
    [
        ({"partition_days_ahead": 3}, "partitions", ("ok", "3 days ahead")),
        ({"partition_days_ahead": 2}, "partitions", ("warning", "2 days ahead")),
        ({"partition_days_ahead": 0}, "partitions", ("warning", "0 days ahead")),
        (
            {"partition_days_ahead": -1},
            "partitions",
            ("failing", "today has no partition: captures go to the ledger"),
        ),
        (
            {"open_capture_errors": 2},
            "capture_ledger",
            ("warning", "2 changes were not captured: see capture_errors"),
        ),
        ({"capture": False}, "capture", ("ok", "off: outbound-webhooks capture on")),
        (
            {"functions_match": False},
            "functions",
            ("failing", "the loaded functions are not for this program: another release was installed"),
        ),
        ({"unarmed": "it was never armed"}, "armed", ("failing", "it was never armed; outbound-webhooks arm")),
        (
            {"delivery": False},
            "delivery",
            ("warning", "switched off for all: outbound-webhooks delivery on; waiting: 11"),
        ),
    ],
)
def test_what_a_snapshot_shows(changes: dict[str, object], check: str, expected: tuple[str, str]) -> None:
    """Each trouble that the database's numbers show changes its own check, and no other."""
    found = checks(stats(**changes), LISTENING)
    well = checks(stats(), LISTENING)

    assert found.pop(check) == expected
    assert found == {name: state for name, state in well.items() if name != check}


KEPT = o.PartitionKept("events", "events_20260102", "lock timeout")
NO_RIGHT = o.MaintenanceHindered("retention", "app may not work as outbound_webhooks_owner")


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        ([o.RetentionFinished(0)], ("ok", "nothing is overdue")),
        (
            [KEPT, o.RetentionFinished(1)],
            ("warning", "1 partitions could not be dropped: events_20260102: lock timeout"),
        ),
        ([o.RetentionFinished(2), NO_RIGHT], ("warning", f"2 partitions could not be dropped: {NO_RIGHT.reason}")),
        ([o.RetentionFinished(2)], ("warning", "2 partitions could not be dropped: see the log")),
        ([KEPT, o.RetentionFinished(1), o.RetentionFinished(0)], ("ok", "nothing is overdue")),
        ([KEPT, o.RetentionFinished(1), o.LeadershipChanged(False)], ("ok", "nothing is overdue")),
        ([o.MaintenanceHindered("vacuum", "no right")], ("ok", "nothing is overdue")),
    ],
)
def test_retention_that_is_hindered_is_a_warning(observed: list[o.Observation], expected: tuple[str, str]) -> None:
    """What should be gone takes room on the disk: worth a look before it is full; deliveries go on."""
    assert checks(stats(), LISTENING, *observed)["retention"] == expected


def test_listen_that_does_not_work_is_a_warning() -> None:
    """It delivers all the same, by polling: worth a look, and no reason to be taken out of service."""
    starting = checks(stats())
    lost = checks(stats(), LISTENING, o.ListenChanged(False, "a pooler"))
    back = checks(stats(), o.ListenChanged(False, "a pooler"), LISTENING)

    assert starting["listen"] == ("warning", "polling: starting")
    assert lost["listen"] == ("warning", "polling: a pooler")
    assert back["listen"] == ("ok", "listening")


def test_polling_by_choice_is_no_warning() -> None:
    """settings.wake_up = poll is what was asked for."""
    found = checks(stats(), o.ListenChanged(False, "settings.wake_up is poll", wanted=False))

    assert found["listen"] == ("ok", "polling: settings.wake_up is poll")


def test_with_delivery_off_it_is_ready_and_says_why_rows_wait() -> None:
    """Off is a choice: LISTEN is not needed, and the message names the setting."""
    found = checks(stats(pending=40), delivering=False)

    assert found["delivery"] == ("ok", "off: OUTBOUND_WEBHOOKS_ENABLED is not true; waiting: 40")
    assert found["listen"] == ("ok", "not needed while delivery is off")


def test_with_delivery_off_it_need_not_be_armed() -> None:
    """What would keep it from delivering is said; it is ready all the same."""
    found = checks(stats(unarmed="it is a copy"), delivering=False)

    assert found["armed"] == ("ok", "it is a copy; outbound-webhooks arm")

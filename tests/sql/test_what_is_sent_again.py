"""The table of docs/operations.md, cell by cell: what retry, replay and cancel do from which state."""

import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.sql import steps
from tests.sql.explaining import delivering
from tests.sql.replaying import (
    after_an_older_one,
    ended,
    retry,
    stop,
    stored,
)
from tests.sql.steps import (
    RETRY,
    SUCCEEDED,
    Row,
    claim,
    emit,
    endpoint,
    register,
)
from tests.support.host import Host

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
Make = Callable[[Host], int]


def pending(host: Host) -> int:
    """It failed, and waits for its next attempt."""
    return ended(host, RETRY)


def behind_an_older_one(host: Host) -> int:
    """The older one of its payment waits for its next attempt."""
    ended(host, RETRY, ordering="per_resource")
    return emit(host)[0]


def before_it_is_parked(host: Host) -> int:
    """Nobody has looked at it since its endpoint was paused."""
    delivery = pending(host)
    stop(host, "paused")
    return delivery


def in_flight(host: Host) -> int:
    """A dispatcher has it."""
    endpoint(host)
    (delivery,) = emit(host)
    claim(host, register(host))
    return delivery


def parked(state: str) -> Make:
    """Its endpoint was stopped, and it was parked for that."""

    def make(host: Host) -> int:
        delivery = pending(host)
        stop(host, state)
        steps.settle(host)
        return delivery

    return make


def parked_by_the_breaker(host: Host) -> int:
    """It was due when the breaker opened."""
    delivery = pending(host)
    steps.make_due(host)
    steps.open_breaker(host, 1)
    steps.settle(host)
    return delivery


def resumed(host: Host) -> int:
    """Its endpoint was resumed, and it has not had its turn."""
    delivery = parked("paused")(host)
    host.rows("select outbound_webhooks.resume_endpoint(1)")
    return delivery


def cancelled(host: Host) -> int:
    """Given up by hand."""
    delivery = pending(host)
    host.rows("select outbound_webhooks.cancel_deliveries(1)")
    return delivery


def dead_at(state: str) -> Make:
    """It died, and then its endpoint was stopped."""

    def make(host: Host) -> int:
        delivery = ended(host)
        stop(host, state)
        return delivery

    return make


def dead_with_the_breaker_open(host: Host) -> int:
    """It died before or while its endpoint's breaker opened."""
    delivery = ended(host)
    steps.open_breaker(host, 1)
    return delivery


def dead_with_delivery_off(host: Host) -> int:
    """It died, and then delivery was switched off for all dispatchers."""
    delivery = ended(host)
    host.rows("select outbound_webhooks.set_delivery(false)")
    return delivery


def without_its_event(host: Host) -> int:
    """The event's partition was dropped."""
    delivery = ended(host)
    host.rows("delete from outbound_webhooks.events")
    return delivery


ROWS: dict[str, Make] = {
    "pending": pending,
    "pending, behind an older one of its payment": behind_an_older_one,
    "pending, its endpoint is being stopped": before_it_is_parked,
    "in_flight": in_flight,
    "parked, its endpoint is paused": parked("paused"),
    "parked, its endpoint is disabled": parked("disabled"),
    "parked, the breaker is open": parked_by_the_breaker,
    "parked, its endpoint was resumed": resumed,
    "succeeded": lambda host: ended(host, SUCCEEDED),
    "dead": ended,
    "cancelled": cancelled,
    "dead, and an older one of its payment is live": after_an_older_one,
    "dead, the breaker is open": dead_with_the_breaker_open,
    "dead, and delivery is off": dead_with_delivery_off,
    "dead, its endpoint is paused": dead_at("paused"),
    "dead, its endpoint is disabled": dead_at("disabled"),
    "dead, its endpoint is retired": dead_at("retired"),
    "dead, its event is gone": without_its_event,
}


def table() -> dict[str, list[str]]:
    """The rows of the page's table by their first cell, without backticks: what retry, replay and cancel do."""
    section = PAGE.read_text(encoding="utf-8").partition("## What is done from which state")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \| (.+?) \| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    return {name.replace("`", ""): cells for name, *cells in rows}


def everything(host: Host) -> list[Row]:
    """All deliveries as they are stored."""
    return [*stored(host, "deliveries order by id"), *stored(host, "finished_deliveries order by id")]


def test_the_table_is_complete() -> None:
    """Each row of the page is tested, and begins with a state in which deliveries are."""
    assert set(table()) == set(ROWS)
    assert {name.partition(",")[0] for name in ROWS} == {
        "pending", "in_flight", "parked", "succeeded", "dead", "cancelled",
    }  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_retry(numbered: Host, name: str) -> None:
    """As the first column says: it is live, and due or said to be due later; or nothing changes, with a reason."""
    delivering(numbered)
    delivery = ROWS[name](numbered)
    cell = table()[name][0]
    assert steps.states(numbered)[delivery] == name.partition(",")[0]
    before = everything(numbered)

    if cell.startswith("due"):
        said = retry(numbered, delivery)
        (row,) = stored(numbered, "deliveries where id = %s", delivery)

        assert (said == "due now") == (cell == "due")
        assert numbered.value("select %s <= clock_timestamp()", row["next_attempt_at"])
        assert (row["failure_count"], row["manual_attempt"]) == (0, row["attempt_count"] + 1)
    else:
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState), numbered.connection.transaction():
            retry(numbered, delivery)

        assert cell.startswith("refused")
        assert everything(numbered) == before


@pytest.mark.parametrize("name", ROWS)
def test_replay(numbered: Host, name: str) -> None:
    """As the second column says: it is due; it is skipped and counted; or it is not among those that are meant."""
    delivery = ROWS[name](numbered)
    cell = table()[name][1]
    before = everything(numbered)

    (started,) = numbered.rows("select * from outbound_webhooks.replay(1, p_state => null)")
    numbered.rows("select * from outbound_webhooks.advance_replay(%s, 100)", started["replay_id"])
    found = numbered.rows(
        "select moved, outbound_webhooks.skipped_count(r) as skipped from outbound_webhooks.replays as r"
    )

    match cell:
        case "-":
            assert found == []
        case "skipped":
            assert found == [{"moved": 0, "skipped": 1}]
        case _:
            assert cell.startswith("due")
            assert found == [{"moved": 1, "skipped": 0}]
            assert numbered.rows("select id from outbound_webhooks.deliveries where id = %s", delivery)
    assert (everything(numbered) == before) is not cell.startswith("due")


@pytest.mark.parametrize("name", ROWS)
def test_cancel(numbered: Host, name: str) -> None:
    """As the third column says: it is cancelled, with the reason; or it stays as it is."""
    delivery = ROWS[name](numbered)
    cell = table()[name][2]
    before = steps.states(numbered)

    numbered.rows("select outbound_webhooks.cancel_deliveries(1, p_reason => 'a test')")

    assert steps.states(numbered)[delivery] == ("cancelled" if cell == "cancelled" else before[delivery])
    if cell == "cancelled":
        assert numbered.value("select reason from outbound_webhooks.delivery_log where id = %s", delivery) == "a test"

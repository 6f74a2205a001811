"""Lists of deliveries and events: whatever is asked for, page by page, it is what a look at every row finds."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import Any, get_args

import pytest

from dispatcher.admin.operations import pages
from dispatcher.admin.operations.deliveries import list_deliveries
from dispatcher.admin.operations.delivery_rows import Choice, ErrorClass, State
from dispatcher.admin.operations.events import EventChoice, list_events
from dispatcher.admin.operations.pages import Page
from dispatcher.db import ADMIN_ROLE, Pool, open_pool
from tests.admin.history import BUSY, Sizes, fill
from tests.admin.reading import visit
from tests.support import postgres
from tests.support.host import Host

ALL = (
    "select l.*, e.type, e.resource, e.resource_id, coalesce(f.last_error_class, a.error_class) as error_class"
    " from outbound_webhooks.delivery_log as l"
    " join outbound_webhooks.events as e on e.id = l.event_id"
    " left join outbound_webhooks.finished_deliveries as f on f.id = l.id"
    " left join outbound_webhooks.attempts as a on a.delivery_id = l.id"
    " order by l.event_id desc, l.id desc"
)
EVENTS = "select e.* from outbound_webhooks.events as e order by e.id desc"
STATES = (None, *get_args(State))


@pytest.fixture(scope="module")
def some(server: postgres.TestServer) -> Iterator[Host]:
    """A database with a little of everything; nobody changes it."""
    with postgres.database(server) as url, closing(Host(url)) as found:
        fill(found, Sizes(clinics=3, events=180, live=40))
        yield found


@pytest.fixture(scope="module")
def deliveries(some: Host) -> list[dict[str, Any]]:
    """Every delivery, the newest event first."""
    return some.rows(ALL)


@pytest.fixture
async def pool(some: Host, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pool]:
    """A pool on it; few rows are looked at for a page, so that lists go on behind what was looked at."""
    monkeypatch.setattr(pages, "MOST_LOOKED_AT", 90)
    async with open_pool(some.url, 1, ADMIN_ROLE) as found:
        yield found


def matches(row: dict[str, Any], choice: Choice | EventChoice, at: datetime) -> bool:
    """Whether a row is meant, by what the documentation says; `at` is the time of its event."""
    named = {
        name: value
        for name, value in vars(choice).items()
        if value is not None and name not in ("type", "since", "until")
    }
    return (
        all(row[name] == value for name, value in named.items())
        and choice.type in (None, "*", row["type"], row["type"].partition(".")[0] + ".*")
        and (choice.since is None or at >= choice.since)
        and (choice.until is None or at < choice.until)
    )


async def read_all(pool: Pool, choice: Choice | EventChoice, limit: int = 100) -> list[Any]:
    """All pages of a list."""
    found: list[Any] = []
    page: Page[Any] = Page([], None)
    while True:
        if isinstance(choice, Choice):
            page = await list_deliveries(pool, visit(choice.clinic_id), choice, limit, page.next)
        else:
            page = await list_events(pool, visit(choice.clinic_id), choice, limit, page.next)
        assert len(page.rows) <= limit
        found += page.rows
        if page.next is None:
            return found


OTHERS: tuple[dict[str, Any], ...] = (
    {},
    {"type": "invoice.*"},
    {"type": "payment_transaction.paid", "resource": "payment_transaction"},
    {"resource": "invoice"},
    {"since": 5, "until": 15},
    {"since": 2, "type": "payment_transaction.created"},
)


def moments(deliveries: list[dict[str, Any]], chosen: dict[str, Any]) -> dict[str, Any]:
    """Days ago as moments: of an event, so that one is just on the border."""
    times = [row["created_at"] for row in deliveries]
    return {
        name: times[len(times) * value // 30] if isinstance(value, int) else value for name, value in chosen.items()
    }


@pytest.mark.parametrize("error_class", [None, "timeout", "dns"])
@pytest.mark.parametrize("state", STATES)
async def test_every_combination(
    pool: Pool, deliveries: list[dict[str, Any]], state: State | None, error_class: ErrorClass | None
) -> None:
    """Of all clinics, of one, of an endpoint of it: the same rows in the same order, and none twice."""
    for clinic, endpoint, others in itertools.product((None, BUSY), (None, 2), OTHERS):
        choice = Choice(clinic, endpoint, state, error_class=error_class, **moments(deliveries, others))
        expected = [row["id"] for row in deliveries if matches(row, choice, row["created_at"])]

        found = await read_all(pool, choice)

        assert [row.delivery_id for row in found] == expected, choice


@pytest.mark.parametrize("limit", [1, 7, 200])
async def test_pages_of_any_size(pool: Pool, deliveries: list[dict[str, Any]], limit: int) -> None:
    """They join: nothing is left out between two, nothing is in both."""
    choice = Choice(BUSY, state="dead")

    found = await read_all(pool, choice, limit)

    assert [row.delivery_id for row in found] == [
        row["id"] for row in deliveries if matches(row, choice, row["created_at"])
    ]


async def test_what_is_shown(pool: Pool, deliveries: list[dict[str, Any]]) -> None:
    """Each column is what the tables have, of live and of finished ones."""
    shown = (
        "delivery_id", "event_id", "endpoint_id", "clinic_id", "state", "reason", "type", "resource", "resource_id",
        "created_at", "next_attempt_at", "finished_at", "attempt_count", "failure_count", "reevaluated", "error_class",
    )  # fmt: skip

    found = await read_all(pool, Choice(), 200)

    assert {row["state"] for row in deliveries} == set(get_args(State))
    assert [{name: getattr(row, name) for name in shown} for row in found] == [
        {name: row["id" if name == "delivery_id" else name] for name in shown} for row in deliveries
    ]


async def test_one_payment(pool: Pool, some: Host, deliveries: list[dict[str, Any]]) -> None:
    """All that became of it, at its clinic, and at one endpoint, whose clinic need not be named."""
    payment = next(row for row in deliveries if row["clinic_id"] == BUSY and row["state"] == "dead")
    about = {"resource": payment["resource"], "resource_id": payment["resource_id"]}

    for choice in (Choice(BUSY, **about), Choice(None, payment["endpoint_id"], **about)):
        whole = replace(choice, clinic_id=BUSY)
        expected = [row["id"] for row in deliveries if matches(row, whole, row["created_at"])]
        assert payment["id"] in expected
        assert [row.delivery_id for row in await read_all(pool, choice, 1)] == expected
    events = [row["id"] for row in some.rows(EVENTS) if all(row[name] == value for name, value in about.items())]
    assert [row.event_id for row in await read_all(pool, EventChoice(BUSY, **about), 1)] == events


async def test_an_endpoint_of_another_clinic(pool: Pool, deliveries: list[dict[str, Any]]) -> None:
    """Nothing, as of one that is not there; an operator who names none of the clinics sees it."""
    theirs = next(row["endpoint_id"] for row in deliveries if row["clinic_id"] != BUSY)

    assert await read_all(pool, Choice(BUSY, theirs)) == await read_all(pool, Choice(BUSY, 4711)) == []
    assert len(await read_all(pool, Choice(None, theirs))) > 0


@pytest.mark.parametrize("clinic", [None, BUSY])
async def test_events(pool: Pool, some: Host, deliveries: list[dict[str, Any]], clinic: str | None) -> None:
    """The same of events, whether or not anything became of them."""
    events: list[dict[str, Any]] = some.rows(EVENTS)
    for others in OTHERS:
        choice = EventChoice(clinic, **moments(deliveries, others))
        expected = [row["id"] for row in events if matches(row, choice, row["occurred_at"])]

        found = await read_all(pool, choice)

        assert [row.event_id for row in found] == expected, choice

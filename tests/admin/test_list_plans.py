"""What lists cost with a million finished deliveries: whatever is asked for, and on which page, what an index finds.

What is judged is what the plans read, in pages and rows; never how long it took.
"""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, get_args

import pytest
from psycopg.sql import SQL

from dispatcher.admin.operations.dead import MOST_COUNTED, group_dead
from dispatcher.admin.operations.deliveries import find_delivery, list_deliveries
from dispatcher.admin.operations.delivery_rows import Choice, State
from dispatcher.admin.operations.delivery_statements import looks
from dispatcher.admin.operations.events import EventChoice, find_event, list_events
from dispatcher.admin.operations.pages import MOST_LOOKED_AT
from dispatcher.admin.operations.subscriptions import MOST_EVENTS, Chosen, count_chosen
from dispatcher.admin.operations.windows import Place
from dispatcher.db import Pool
from tests.admin.history import BUSY, DAYS, QUIET, Sizes, fill
from tests.admin.reading import Plan, Plans, nodes, open_explained, pages, read_as_a_whole, rows, visit
from tests.support import postgres
from tests.support.host import Host

SIZES = Sizes()
LIMIT = 50
SMALL = {"endpoints", "settings"}  # what may be read as a whole, and a partition of a few rows
# Of two clinics, of an endpoint that has much and one that has little, of all.
SCOPES: dict[str, dict[str, Any]] = {
    "busy": {"clinic_id": BUSY},
    "quiet": {"clinic_id": QUIET},
    "endpoint": {"clinic_id": BUSY, "endpoint_id": 1},
    "rare": {"clinic_id": BUSY, "endpoint_id": 4},
    "all": {},
}
STATES = (None, *get_args(State))

# Pages of 8 KB. A row that is looked at costs its own, the way down to its event's, and that one.
OF_A_LOOK = 8
# The way down an index of every partition, and the rows that each of them has to offer for the top of the list.
OF_PARTITIONS = 1_500
TOPS = 600


@dataclass(frozen=True)
class Full:
    """A full database, and where its 500th page begins."""

    host: Host
    deep: dict[str, Place]


@pytest.fixture(scope="module")
def full(server: postgres.TestServer) -> Iterator[Full]:
    """A million finished deliveries over 30 days; nobody changes it."""
    with postgres.database(server) as url, closing(Host(url)) as host:
        fill(host, SIZES)
        yield Full(host, {name: place(host, scope) for name, scope in SCOPES.items()})


def place(host: Host, scope: dict[str, Any]) -> Place:
    """Where page 500 begins; of what has fewer pages, where the last fifth does."""
    condition = " and ".join([f"{name} = '{value}'" for name, value in scope.items()]) or "true"
    (row,) = host.rows(
        "with found as (select event_id, id, row_number() over (order by event_id desc, id desc) as n,"
        f" count(*) over () as total from outbound_webhooks.finished_deliveries where {condition})"
        " select event_id, id from found where n = least(%s, total * 4 / 5)",
        499 * LIMIT,
    )
    return row["event_id"], row["id"]  # type: ignore[return-value]


@pytest.fixture
async def explained(full: Full) -> AsyncIterator[tuple[Pool, Plans]]:
    """A pool that explains what it is asked."""
    plans = Plans()
    async with open_explained(full.host.url, plans) as pool:
        yield pool, plans


def looked_at(found: list[Plan]) -> float:
    """The most rows of finished deliveries, or of events, that a plan went through, those that it left out too."""
    return max(
        sum(rows(node) for node in nodes(plan) if str(node.get("Relation Name", "")).startswith(table))
        for plan in found
        for table in ("finished_deliveries", "events")
    )


def by_index(found: list[Plan], most: int, live: int) -> None:
    """Fail if one of the plans goes through a table, or looks at more rows than it may."""
    assert found
    assert {name for plan in found for name in read_as_a_whole(plan)} <= SMALL
    assert looked_at(found) <= most + TOPS
    assert max(pages(plan) for plan in found) <= most * OF_A_LOOK + live + OF_PARTITIONS


def test_it_is_full(full: Full) -> None:
    """What the tests below look at: a million finished ones, some live ones, and every state."""
    count = "select count(*) from outbound_webhooks."

    assert full.host.value(count + "finished_deliveries") >= 1_000_000  # type: ignore[operator]
    assert full.host.value(count + "deliveries") == SIZES.live
    assert full.host.value("select count(distinct state) from outbound_webhooks.delivery_log") == len(get_args(State))


CHOSEN: list[dict[str, Any]] = [
    {"type": kind, "error_class": error, **resource, **time}
    for kind, error, resource, time in itertools.product(
        (None, "invoice.*"), (None, "tls"), ({}, {"resource": "invoice"}), ({}, {"since": 20, "until": 2})
    )
]


@pytest.mark.parametrize("is_deep", [False, True], ids=["page 1", "page 500"])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("scope", SCOPES)
async def test_every_combination(
    full: Full, explained: tuple[Pool, Plans], scope: str, state: State | None, is_deep: bool
) -> None:
    """No table is read as a whole; what is looked at is a page, or as much as may be looked at for one."""
    pool, plans = explained
    after = full.deep[scope] if is_deep else None
    for chosen in CHOSEN:
        moments = {
            name: full.host.value("select now() - make_interval(days => %s)", value)
            for name, value in chosen.items()
            if name in ("since", "until") and value is not None
        }
        choice = Choice(**{**SCOPES[scope], "state": state, **chosen, **moments})

        await list_deliveries(pool, visit(choice.clinic_id), choice, LIMIT, after)

        if choice.states:
            by_index(plans.take(), MOST_LOOKED_AT if looks(choice) else LIMIT + 1, SIZES.live * 4)


@pytest.mark.parametrize("is_deep", [False, True], ids=["page 1", "page 500"])
@pytest.mark.parametrize("scope", ["busy", "quiet", "all"])
async def test_events(full: Full, explained: tuple[Pool, Plans], scope: str, is_deep: bool) -> None:
    """The same of events. Of a clinic, a day's are read, as there is no index by clinic and time."""
    pool, plans = explained
    after = (full.deep[scope][0], 0) if is_deep else None
    filters: tuple[dict[str, Any], ...] = ({}, {"type": "invoice.*"}, {"resource": "invoice"})
    for chosen in filters:
        choice = EventChoice(**{**SCOPES[scope], **chosen})

        await list_events(pool, visit(choice.clinic_id), choice, LIMIT, after)

        by_index(plans.take(), SIZES.events // DAYS * 2, 0)


@pytest.mark.parametrize("scope", SCOPES)
async def test_the_dead(full: Full, explained: tuple[Pool, Plans], scope: str) -> None:
    """Counted by endpoint and reason, the newest so many of them."""
    pool, plans = explained
    chosen = SCOPES[scope]

    dead = await group_dead(pool, visit(chosen.get("clinic_id")), chosen.get("endpoint_id"), None, None)

    assert bool(dead.groups) == (scope != "rare")  # nothing of that died
    assert sum(group.deliveries for group in dead.groups) <= MOST_COUNTED
    assert dead.is_all == (sum(group.deliveries for group in dead.groups) < MOST_COUNTED)
    by_index(plans.take(), MOST_COUNTED, SIZES.live * 4)


@pytest.mark.parametrize("clinic", [BUSY, QUIET])
async def test_what_a_subscription_chooses(full: Full, explained: tuple[Pool, Plans], clinic: str) -> None:
    """Of the newest events: as much is read as for a list of them, and then their own rows."""
    pool, plans = explained

    everything = await count_chosen(pool, visit(clinic), clinic, ["*"], None)
    found = plans.take()
    nothing = await count_chosen(pool, visit(clinic), clinic, ["*"], {"status": "paid"})

    assert everything == Chosen(MOST_EVENTS, MOST_EVENTS)
    assert nothing == Chosen(MOST_EVENTS, 0)  # their bodies hold nothing that a filter could look into
    by_index(found, SIZES.events // DAYS * 2, 0)


async def test_one_payment(full: Full, explained: tuple[Pool, Plans]) -> None:
    """Whatever its age, its few rows are read, and no others."""
    pool, plans = explained
    number = full.host.value(
        "select resource_id from outbound_webhooks.events where clinic_id = %s and resource = 'payment_transaction'"
        " order by id limit 1",
        BUSY,
    )
    about: dict[str, Any] = {"clinic_id": BUSY, "resource": "payment_transaction", "resource_id": number}

    events = await list_events(pool, visit(BUSY), EventChoice(**about), LIMIT, None)
    deliveries = await list_deliveries(pool, visit(BUSY), Choice(**about), LIMIT, None)

    assert (len(events.rows), len(deliveries.rows) >= 6) == (2, True)
    by_index(plans.take(), 10, SIZES.live * 4)


async def test_one(full: Full, explained: tuple[Pool, Plans]) -> None:
    """A delivery and an event, with all that is known of them."""
    pool, plans = explained
    (row,) = full.host.rows("select id, event_id from outbound_webhooks.finished_deliveries order by id limit 1")

    delivery = await find_delivery(pool, visit(None), row["id"], may_read_answers=False)  # type: ignore[arg-type]
    event = await find_event(pool, visit(None), row["event_id"])  # type: ignore[arg-type]

    assert (delivery is not None, event is not None) == (True, True)
    by_index(plans.take(), 10, 0)


async def test_a_plan_that_reads_everything_is_found(full: Full, explained: tuple[Pool, Plans]) -> None:
    """The tests above can fail: a list in another order goes through the tables, and is told."""
    pool, plans = explained
    async with pool.connection() as connection:
        await connection.execute(
            SQL("select f.id from {} as f order by f.created_at desc limit 50").format(
                SQL("outbound_webhooks.finished_deliveries")
            )
        )

    with pytest.raises(AssertionError):
        by_index(plans.take(), MOST_LOOKED_AT, SIZES.live * 4)

"""The last 24 hours: summed, never averaged; as the view has them, where there is one endpoint."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.admin.operations.histograms import percentile
from dispatcher.admin.operations.hours import HOURS, day_of, find_days, list_hours
from dispatcher.admin.operations.overview import show_overview
from tests.admin.client import Api
from tests.admin.making import put
from tests.admin.reading import visit
from tests.admin.test_overview import HOUR

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BOUNDS = [10, 100, 1000]


def add(api: Api, endpoint: int, clinic: str, hour: datetime, counts: Sequence[int], buckets: Sequence[int]) -> None:
    """An hour of an endpoint: how many attempts succeeded, failed and were lost, and how long its deliveries took."""
    api.run(
        "insert into outbound_webhooks.endpoint_hours values"
        " (%s, %s, %s, %s, %s, 0, 0, 0, 0, 0, 0, 0, 0, %s, 0, 0, 0, %s::integer[], %s::integer[])",
        endpoint, hour, clinic, counts[0], counts[2], counts[1], list(buckets), list(buckets),
    )  # fmt: skip


def buckets(**counts: int) -> list[int]:
    """Twelve buckets, those that are named with so many: b3=7."""
    return [counts.get(f"b{n}", 0) for n in range(12)]


async def test_hours_of_a_clinic_and_of_all(api: Api) -> None:
    """Each clinic's are its own; those of all are the sum; an hour without any is there, and empty."""
    mine, other, theirs = put(api, "a"), put(api, "a"), put(api, "b")
    for endpoint, clinic, ago in ((mine, "a", 0), (other, "a", 0), (theirs, "b", 0), (mine, "a", 23), (mine, "a", 24)):
        add(api, endpoint, clinic, NOON - timedelta(hours=ago), (3, 2, 1), buckets(b4=10))

    now = NOON + timedelta(minutes=59)
    found = {clinic: await list_hours(api.deps.pool, visit(clinic), now) for clinic in ("a", "b", "nobody", None)}

    assert all(len(hours) == HOURS for hours in found.values())
    assert [hour.hour for hour in found["a"]] == [NOON - timedelta(hours=ago) for ago in range(23, -1, -1)]
    counted = {
        clinic: [(n, hour.succeeded, hour.failed, hour.lost) for n, hour in enumerate(hours) if hour.succeeded]
        for clinic, hours in found.items()
    }
    assert counted == {
        "a": [(0, 3, 2, 1), (23, 6, 4, 2)],
        "b": [(23, 3, 2, 1)],
        "nobody": [],
        None: [(0, 3, 2, 1), (23, 9, 6, 3)],
    }


async def test_hours_of_an_endpoint(api: Api) -> None:
    """No other's of its clinic; of another clinic's there are none, whatever its id."""
    mine, other, theirs = put(api, "a"), put(api, "a"), put(api, "b")
    for endpoint, clinic, succeeded in ((mine, "a", 3), (other, "a", 5), (theirs, "b", 7)):
        add(api, endpoint, clinic, NOON, (succeeded, 0, 0), buckets(b4=succeeded))

    asked = (("a", mine), ("a", theirs), (None, theirs))
    found = [await list_hours(api.deps.pool, visit(clinic), NOON, endpoint) for clinic, endpoint in asked]

    assert [len(hours) for hours in found] == [HOURS] * 3
    assert [sum(hour.succeeded for hour in hours) for hours in found] == [3, 0, 7]


async def test_the_day_is_that_of_the_overview(api: Api) -> None:
    """The hours together are what show_overview() counts by itself."""
    endpoint, hour = put(api, "a"), None
    day = others = day_of([])
    shown = None
    while hour != api.value(HOUR):  # once more if the hour turned meanwhile
        hour = api.value(HOUR)
        api.run("truncate outbound_webhooks.endpoint_hours")
        for ago, counts in ((0, (3, 2, 1)), (5, (7, 0, 0)), (23, (0, 4, 0)), (30, (9, 9, 9))):
            add(api, endpoint, "a", hour - timedelta(hours=ago), counts, buckets())
        api.run("update outbound_webhooks.endpoint_hours set deliveries_succeeded = 3, deliveries_dead = 2")

        now = hour + timedelta(minutes=59)
        day, others = [day_of(await list_hours(api.deps.pool, visit(clinic), now)) for clinic in "ab"]
        shown = (await show_overview(api.deps.pool, visit("a"))).last_day

    assert day == shown
    assert (day.attempts, day.success_rate, day.delivered, day.dead) == (17, 0.625, 9, 6)
    assert others.success_rate is None


async def test_percentiles_are_of_the_sum(api: Api) -> None:
    """Of 90 fast deliveries of one endpoint and 10 slow ones of another, 95 % took as long as the slow ones did."""
    fast, slow = put(api, "a"), put(api, "a")
    add(api, fast, "a", NOON, (90, 0, 0), buckets(b0=90))
    add(api, slow, "a", NOON, (10, 0, 0), buckets(b9=10))

    *_, hour = await list_hours(api.deps.pool, visit("a"), NOON)

    assert (hour.delivery_p50_ms, hour.delivery_p95_ms) == (14, 1_950_000)


async def test_of_one_endpoint_it_is_as_the_view_has_it(api: Api) -> None:
    """The same hour, the same percentiles, whichever buckets they are in."""
    for n in range(8):
        endpoint = put(api, f"clinic-{n}")
        counts = [(n * 7 + k * 13) % 11 * (k % (n + 1) == 0) for k in range(12)]
        add(api, endpoint, f"clinic-{n}", NOON, (sum(counts), 0, 0), counts)
        row = api.database.execute(
            "select delivery_p50_ms, delivery_p95_ms, request_p95_ms from outbound_webhooks.endpoint_statistics"
            " where endpoint_id = %s", (endpoint,)
        ).fetchone()  # fmt: skip

        *_, hour = await list_hours(api.deps.pool, visit(f"clinic-{n}"), NOON)
        days = await find_days(api.deps.pool, visit(None), [endpoint], NOON)

        assert (hour.delivery_p50_ms, hour.delivery_p95_ms, days[endpoint].request_p95_ms) == row


async def test_days_of_endpoints(api: Api) -> None:
    """Those that are asked for and are the clinic's; one without any hour has an empty day."""
    mine, idle, theirs = put(api, "a"), put(api, "a"), put(api, "b")
    for endpoint, clinic in ((mine, "a"), (theirs, "b")):
        add(api, endpoint, clinic, NOON - timedelta(hours=23), (3, 1, 5), buckets(b1=4))
        add(api, endpoint, clinic, NOON, (4, 0, 0), buckets(b1=4))
        add(api, endpoint, clinic, NOON - timedelta(hours=24), (90, 90, 0), buckets(b11=180))

    days = await find_days(api.deps.pool, visit("a"), [mine, idle, theirs], NOON)

    assert days[mine].succeeded == [3, *[0] * 22, 4]
    assert days[mine].failed == [1, *[0] * 23]
    assert (days[mine].success_rate, days[mine].request_p95_ms) == (7 / 8, 24)
    assert days[idle] == days[theirs]
    assert (days[idle].success_rate, sum(days[idle].succeeded)) == (None, 0)


@pytest.mark.parametrize(
    ("counts", "share", "ms"),
    [
        ([0, 0, 0, 0], 0.5, None),
        ([1, 0, 0, 0], 0.5, 5),
        ([1, 0, 0, 0], 1.0, 10),
        ([50, 0, 50, 0], 0.5, 10),
        ([50, 0, 50, 0], 0.75, 550),
        ([0, 0, 0, 7], 0.01, 1000),
    ],
)
def test_percentile(counts: list[int], share: float, ms: int | None) -> None:
    """Within the right bucket, spread evenly; above the last bound, that."""
    assert percentile(counts, BOUNDS, share) == ms


@given(st.lists(st.integers(0, 1000), min_size=4, max_size=4), st.floats(0.01, 1.0))
def test_percentiles_grow(counts: list[int], share: float) -> None:
    """Between the bounds of a bucket that has some; a larger share is no shorter."""
    found = percentile(counts, BOUNDS, share)

    assert (found is None) == (sum(counts) == 0)
    if found is not None:
        whole = percentile(counts, BOUNDS, 1.0)
        assert whole is not None
        assert 0 <= found <= whole <= 1000

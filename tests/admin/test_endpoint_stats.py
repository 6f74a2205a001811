"""How an endpoint did, hour by hour."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.admin.client import Api
from tests.admin.conftest import StartApi
from tests.admin.making import ENDPOINTS, paths, put

HOUR = (
    "insert into outbound_webhooks.endpoint_hours (endpoint_id, clinic_id, hour, attempts_succeeded, attempts_lost,"
    " failed_timeout, failed_connect, failed_tls, failed_dns, failed_blocked_address, failed_protocol, failed_3xx,"
    " failed_4xx, failed_5xx, deliveries_succeeded, deliveries_dead, deliveries_cancelled, request_buckets,"
    " delivery_buckets) values (%s, 'a', %s, %s, 1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 7, 2, 1,"
    " '{10,0,0,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,0,0,0,0,0,0,0}')"
)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def hours(api: Api, number: int, query: str = "") -> list[tuple[str, int]]:
    """The hours of an answer, and how many attempts of each succeeded."""
    answer = await api.ask("GET", f"{ENDPOINTS}/{number}/stats{query}", key=api.make_key("owner", "a"))
    assert answer.status == 200, answer.text
    return [(hour["hour"], hour["succeeded"]) for hour in answer.json["hours"]]


async def test_an_hour(start_api: StartApi) -> None:
    """Attempts by outcome, ended deliveries, rates and percentiles, as the view has them; and how it is doing now."""
    async with start_api(now=lambda: (NOON + timedelta(minutes=30)).timestamp()) as api:
        number = put(api, "a")
        api.run(HOUR, number, NOON, 9)

        answer = await api.ask("GET", f"{ENDPOINTS}/{number}/stats", key=api.make_key("manager", "a"))

        assert answer.json["endpoint_id"] == number
        assert (answer.json["status"]["breaker"], answer.json["status"]["pending"]) == ("closed", 0)
        assert answer.json["hours"] == [
            {
                "hour": "2026-03-02T12:00:00+00:00",
                "attempts": 13,
                "succeeded": 9,
                "failed": 3,
                "lost": 1,
                "success_rate": 0.75,
                "delivered": 7,
                "dead": 2,
                "cancelled": 1,
                "request_p50_ms": 5,
                "request_p95_ms": 10,
                "request_p99_ms": 10,
                "delivery_p50_ms": None,
                "delivery_p95_ms": None,
                "delivery_p99_ms": None,
            }
        ]


async def test_which_hours(start_api: StartApi) -> None:
    """A day up to now, or those that begin within what is asked for; newest first, and no other endpoint's."""
    async with start_api(now=lambda: (NOON + timedelta(minutes=30)).timestamp()) as api:
        number, other = put(api, "a"), put(api, "a")
        ago = {n: (NOON - timedelta(hours=n)).isoformat() for n in (0, 1, 23, 24, 25)}
        for n, hour in ago.items():
            api.run(HOUR, number, hour, n)
        api.run(HOUR, other, NOON, 100)

        assert await hours(api, number) == [(ago[n], n) for n in (0, 1, 23)]
        assert await hours(api, number, "?since=2026-03-02T11:00:00Z&until=2026-03-02T12:00:00Z") == [(ago[1], 1)]
        assert await hours(api, number, "?until=2026-03-02T09:00:00-03:00") == [(ago[n], n) for n in (1, 23, 24)]
        assert await hours(api, number, "?since=2026-03-01T00:00:00Z") == [(ago[n], n) for n in (0, 1, 23, 24, 25)]


async def test_one_that_is_retired(api: Api) -> None:
    """What became of it is kept; it is not doing anything now."""
    number = put(api, "a")
    api.run(HOUR, number, NOON, 9)
    api.run("select outbound_webhooks.retire_endpoint(%s)", number)

    answer = await api.ask(
        "GET", f"{ENDPOINTS}/{number}/stats?until=2026-03-03T00:00:00Z", key=api.make_key("owner", "a")
    )

    assert (answer.json["status"], len(answer.json["hours"])) == (None, 1)


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("since=2026-03-02T12:00:00Z&until=2026-03-02T12:00:00Z", "/since"),
        ("since=2026-03-02T12:00:00Z&until=2026-03-01T12:00:00Z", "/since"),
        ("since=2026-01-01T00:00:00Z&until=2026-02-01T00:00:01Z", "/since"),
        ("since=9998-01-01T00:00:00Z", "/since"),
        ("since=0002-01-01T00:00:00Z", "/since"),
        ("since=2026-03-02", "/since"),
        ("since=1772452800", "/since"),
        ("until=2026-03-02T12:00:00", "/until"),
        ("until=infinity", "/until"),
        ("from=2026-03-02T12:00:00Z", "/from"),
    ],
)
async def test_bad_spans(api: Api, query: str, path: str) -> None:
    """Over before it begins, more than 31 days, or no time at all."""
    answer = await api.ask("GET", f"{ENDPOINTS}/{put(api, 'a')}/stats?{query}", key=api.make_key("owner", "a"))

    assert answer.refusal == (400, "invalid_parameter")
    assert paths(answer) == [path]

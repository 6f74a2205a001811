"""The last 24 hours: this hour, by the clock of UTC, and the 23 before. Read from endpoint_hours, and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

from psycopg.rows import dict_row

from dispatcher.admin.deps import Visit
from dispatcher.admin.operations.histograms import percentile
from dispatcher.admin.operations.overview import LastDay
from dispatcher.admin.operations.transaction import of_clinic
from dispatcher.db import Pool

HOURS = 24


@dataclass(frozen=True)
class Hour:
    """What became of the attempts and deliveries of an hour, of all endpoints that are meant together.

    How long deliveries took has all retries in it, and is None where nothing was delivered.
    """

    hour: datetime
    succeeded: int
    failed: int
    lost: int
    delivered: int
    dead: int
    cancelled: int
    delivery_p50_ms: int | None
    delivery_p95_ms: int | None


@dataclass(frozen=True)
class EndpointDay:
    """An endpoint's attempts hour by hour, the oldest hour first, and how long 95 % of its requests took at most."""

    succeeded: list[int]
    failed: list[int]
    request_p95_ms: int | None

    @property
    def success_rate(self) -> float | None:
        """The share that succeeded, of those whose answer is known; None: there is none."""
        known = sum(self.succeeded) + sum(self.failed)
        return sum(self.succeeded) / known if known else None


async def list_hours(pool: Pool, visit: Visit, now: datetime, endpoint_id: int | None = None) -> list[Hour]:
    """The last 24 hours of an endpoint, a clinic, or of all if neither is named; the oldest first, empty ones too."""
    hours = _until(now)
    statement = _HOURS if visit.clinic_id is None else _HOURS + _OF_CLINIC
    if endpoint_id is not None:
        statement = _HOURS + _OF_ENDPOINT
    chosen = {"clinic_id": visit.clinic_id, "endpoint_id": endpoint_id, "since": hours[0]}
    async with of_clinic(pool, visit) as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement + _BY_HOUR, chosen)
        found = {row["hour"]: row for row in await cursor.fetchall()}
    return [_hour(found[hour]) if hour in found else Hour(hour, 0, 0, 0, 0, 0, 0, None, None) for hour in hours]


def day_of(hours: Sequence[Hour]) -> LastDay:
    """The hours together, as an overview has them."""
    succeeded, failed, lost, delivered, dead, cancelled = (
        sum(getattr(hour, name) for hour in hours)
        for name in ("succeeded", "failed", "lost", "delivered", "dead", "cancelled")
    )
    known = succeeded + failed
    rate = round(succeeded / known, 4) if known else None
    return LastDay(known + lost, succeeded, failed, lost, rate, delivered, dead, cancelled)


async def find_days(pool: Pool, visit: Visit, endpoint_ids: Sequence[int], now: datetime) -> Mapping[int, EndpointDay]:
    """The last 24 hours of each of these endpoints, by its id, in one statement."""
    hours = _until(now)
    chosen = {"endpoint_ids": list(endpoint_ids), "since": hours[0]}
    async with of_clinic(pool, visit) as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_DAYS, chosen)
        found = {row["endpoint_id"]: _day(row, hours) for row in await cursor.fetchall()}
    nothing = EndpointDay([0] * HOURS, [0] * HOURS, None)
    return {number: found.get(number, nothing) for number in endpoint_ids}


def _until(now: datetime) -> list[datetime]:
    this = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return [this - timedelta(hours=ago) for ago in range(HOURS - 1, -1, -1)]


def _hour(row: Mapping[str, Any]) -> Hour:
    p50, p95 = (percentile(row["delivery_buckets"], row["bounds"], share) for share in (0.50, 0.95))
    return Hour(
        row["hour"],
        row["succeeded"],
        row["failed"],
        row["lost"],
        row["delivered"],
        row["dead"],
        row["cancelled"],
        delivery_p50_ms=p50,
        delivery_p95_ms=p95,
    )


def _day(row: Mapping[str, Any], hours: Sequence[datetime]) -> EndpointDay:
    counted = dict(zip(row["hours"], zip(row["succeeded"], row["failed"], strict=True), strict=True))
    by_hour = [counted.get(hour, (0, 0)) for hour in hours]
    return EndpointDay(
        [succeeded for succeeded, _ in by_hour],
        [failed for _, failed in by_hour],
        percentile(row["request_buckets"], row["bounds"], 0.95),
    )


# It ends with its conditions, so that one more can be added: the plan for a clinic, or an endpoint, reads no other's.
_HOURS: LiteralString = """
    select
        h.hour,
        sum(h.attempts_succeeded)::bigint as succeeded,
        sum(
            h.failed_timeout + h.failed_connect + h.failed_tls + h.failed_dns + h.failed_blocked_address
            + h.failed_protocol + h.failed_3xx + h.failed_4xx + h.failed_5xx
        )::bigint as failed,
        sum(h.attempts_lost)::bigint as lost,
        sum(h.deliveries_succeeded)::bigint as delivered,
        sum(h.deliveries_dead)::bigint as dead,
        sum(h.deliveries_cancelled)::bigint as cancelled,
        array[
            sum(h.delivery_buckets[1]), sum(h.delivery_buckets[2]), sum(h.delivery_buckets[3]),
            sum(h.delivery_buckets[4]), sum(h.delivery_buckets[5]), sum(h.delivery_buckets[6]),
            sum(h.delivery_buckets[7]), sum(h.delivery_buckets[8]), sum(h.delivery_buckets[9]),
            sum(h.delivery_buckets[10]), sum(h.delivery_buckets[11]), sum(h.delivery_buckets[12])
        ] as delivery_buckets,
        (select b.delivery_ms from outbound_webhooks.statistics_bounds as b) as bounds
    from outbound_webhooks.endpoint_hours as h
    where h.hour >= %(since)s"""
_OF_CLINIC: LiteralString = (
    " and h.endpoint_id in (select e.id from outbound_webhooks.endpoints as e where e.clinic_id = %(clinic_id)s)"
)
_OF_ENDPOINT: LiteralString = " and h.endpoint_id = %(endpoint_id)s"
_BY_HOUR: LiteralString = " group by h.hour"
_DAYS: LiteralString = """
    select
        h.endpoint_id,
        array_agg(h.hour) as hours,
        array_agg(h.attempts_succeeded) as succeeded,
        array_agg(
            h.failed_timeout + h.failed_connect + h.failed_tls + h.failed_dns + h.failed_blocked_address
            + h.failed_protocol + h.failed_3xx + h.failed_4xx + h.failed_5xx
        ) as failed,
        array[
            sum(h.request_buckets[1]), sum(h.request_buckets[2]), sum(h.request_buckets[3]),
            sum(h.request_buckets[4]), sum(h.request_buckets[5]), sum(h.request_buckets[6]),
            sum(h.request_buckets[7]), sum(h.request_buckets[8]), sum(h.request_buckets[9]),
            sum(h.request_buckets[10]), sum(h.request_buckets[11]), sum(h.request_buckets[12])
        ] as request_buckets,
        (select b.request_ms from outbound_webhooks.statistics_bounds as b) as bounds
    from outbound_webhooks.endpoint_hours as h
    where h.endpoint_id = any (%(endpoint_ids)s::bigint[])
        and h.hour >= %(since)s
    group by h.endpoint_id"""

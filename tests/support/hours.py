"""The statistics counted anew from the big tables, in another way than the functions count."""

from bisect import bisect_right
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.host import Host

Hour = tuple[int, datetime]
Row = dict[str, Any]


def counted(host: Host) -> dict[Hour, Row]:
    """What endpoint_hours holds, by endpoint and hour."""
    rows: list[Row] = host.rows("select * from outbound_webhooks.endpoint_hours")
    return {(row.pop("endpoint_id"), row.pop("hour").astimezone(UTC)): row for row in rows}


def recounted(host: Host) -> dict[Hour, Row]:
    """The same, from attempts and finished deliveries."""
    bounds: list[Row] = host.rows("select * from outbound_webhooks.statistics_bounds")
    request_ms, delivery_ms = bounds[0]["request_ms"], bounds[0]["delivery_ms"]
    found: dict[Hour, Row] = defaultdict(_empty)
    attempts: list[Row] = host.rows("select * from outbound_webhooks.attempts")
    for a in attempts:
        row = found[a["endpoint_id"], _hour(a["recorded_at"])]
        row["clinic_id"] = a["clinic_id"]
        row[_column(a)] += 1
        if a["duration_ms"] is not None:
            row["request_buckets"][bisect_right(request_ms, a["duration_ms"])] += 1
    finished: list[Row] = host.rows("select * from outbound_webhooks.finished_deliveries")
    for d in finished:
        row = found[d["endpoint_id"], _hour(d["finished_at"])]
        row["clinic_id"] = d["clinic_id"]
        row[f"deliveries_{d['state']}"] += 1
        if d["state"] == "succeeded":
            took = (d["finished_at"] - d["created_at"]) / timedelta(microseconds=1)
            row["delivery_buckets"][bisect_right(delivery_ms, int(took + 500) // 1000)] += 1
    return dict(found)


def differences(host: Host) -> list[tuple[Hour, Row | None, Row | None]]:
    """Where the two are not the same, with what each says."""
    left, right = counted(host), recounted(host)
    return [(hour, left.get(hour), right.get(hour)) for hour in left | right if left.get(hour) != right.get(hour)]


def _column(attempt: Row) -> str:
    if attempt["outcome"] != "failed":
        return f"attempts_{attempt['outcome']}"
    if attempt["error_class"] != "http_status":
        return f"failed_{attempt['error_class']}"
    return f"failed_{min(max(attempt['http_status'] // 100, 3), 5)}xx"


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _empty() -> Row:
    counts = ("attempts_succeeded", "attempts_lost", "failed_timeout", "failed_connect", "failed_tls", "failed_dns",
        "failed_blocked_address", "failed_protocol", "failed_3xx", "failed_4xx", "failed_5xx",
        "deliveries_succeeded", "deliveries_dead", "deliveries_cancelled")  # fmt: skip
    return {
        "clinic_id": None,
        **dict.fromkeys(counts, 0),
        "request_buckets": [0] * 12,
        "delivery_buckets": [0] * 12,
    }

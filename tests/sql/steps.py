"""The dispatcher's calls of the SQL functions, one step at a time, and how a test makes time pass: by moving a row."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from dispatcher.core.model import NOTICE_RESOURCES
from tests.support.host import CLINIC, ENVIRONMENT, Endpoint, Host

Row = dict[str, Any]

URL = "https://clinic.example/webhooks"
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


class Session(Host):
    """One more session on the database of a host that is set up already."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection = psycopg.connect(url, autocommit=True, row_factory=dict_row)


def endpoint(host: Host, clinic: str = CLINIC, **options: object) -> Endpoint:
    """Create an endpoint; options are the parameters of create_endpoint without p_."""
    return host.endpoint(URL, clinic, **options)


def set_state(host: Host, endpoint_id: int, state: str) -> None:
    """Put an endpoint into a state."""
    host.rows(
        "update outbound_webhooks.endpoints set state = %s, state_reason = 'a test' where id = %s", state, endpoint_id
    )


def emit(host: Host, count: int = 1, clinic: str = CLINIC, resource_id: str = "1") -> list[int]:
    """Emit events; returns the ids of the deliveries they made, oldest first."""
    before = host.value("select coalesce(max(id), 0) from outbound_webhooks.delivery_log")
    host.rows(
        "select outbound_webhooks.emit(%s, 'payment_transaction.created', 'payment_transaction', %s, '{}')"
        " from generate_series(1, %s)",
        clinic, resource_id, count,
    )  # fmt: skip
    rows = host.rows("select id from outbound_webhooks.deliveries where id > %s order by id", before)
    return [int(str(row["id"])) for row in rows]


def register(host: Host, *, delivering: bool = True, environment: str | None = ENVIRONMENT) -> int:
    """Register a dispatcher."""
    return int(
        str(
            host.value(
                "select outbound_webhooks.register_dispatcher('host:1', '0.1.0', %s, %s)", delivering, environment
            )
        )
    )


def visit(
    host: Host,
    dispatcher: int,
    *,
    limit: int = 100,
    visits: int = 200,
    after: int = 0,
    busy: Mapping[str, int] | None = None,
    share: int = 1000,
    margin: str = "10 seconds",
    watermark: str = "-infinity",
    suspects: int | None = None,
    suspects_after: int = 0,
) -> list[Row]:
    """One round of claiming: all that the function returns."""
    busy = busy or {}
    return host.rows(
        "select * from outbound_webhooks.claim_deliveries("
        "%s, %s, %s, %s, %s, %s::text[], %s::integer[], %s, %s, %s, %s)",
        dispatcher, limit, visits, after, watermark, list(busy), list(busy.values()), share, margin,
        suspects, suspects_after,
    )  # fmt: skip


def claim(host: Host, dispatcher: int, *, limit: int = 100, after: int = 0) -> list[Row]:
    """What one round of claiming leased, oldest first."""
    claimed = [row for row in visit(host, dispatcher, limit=limit, after=after) if row["delivery_id"] is not None]
    return sorted(claimed, key=lambda row: int(row["delivery_id"]))


def by_endpoint(visited: Sequence[Row]) -> dict[int, int]:
    """How many deliveries of each endpoint a round leased; none are left out."""
    return dict(Counter(int(row["endpoint_id"]) for row in visited if row["delivery_id"] is not None))


def free_leases(host: Host, dispatcher: int, held: Sequence[int] = ()) -> int:
    """Free the leases that ran out or whose dispatcher is dead; returns how many."""
    return int(str(host.value("select outbound_webhooks.free_leases(%s, %s::bigint[])", dispatcher, list(held))))


def take_over(host: Host, dispatcher: int, *, limit: int = 100) -> list[Row]:
    """Free the leases that may be freed, and claim."""
    free_leases(host, dispatcher)
    return claim(host, dispatcher, limit=limit)


def ids(claimed: Sequence[Row]) -> list[int]:
    """The delivery ids of claimed rows."""
    return [int(row["delivery_id"]) for row in claimed]


SUCCEEDED: Row = {"outcome": "succeeded", "http_status": 204, "state": "succeeded"}
RETRY: Row = {
    "outcome": "failed", "error_class": "http_status", "http_status": 500, "state": "pending", "retry_in": 60,
    "charged": True,
}  # fmt: skip
DEAD: Row = {**RETRY, "state": "dead", "reason": "no attempts left"}
SLOWS: Row = {**RETRY, "http_status": 503, "slows": True}


def result(claimed: Row, dispatcher: int, values: Row, **changes: object) -> Row:
    """The result of sending a claimed delivery, as record_attempts takes it."""
    return {
        "delivery_id": claimed["delivery_id"],
        "lease_token": claimed["lease_token"],
        "endpoint_id": claimed["endpoint_id"],
        "clinic_id": claimed["clinic_id"],
        "number": claimed["attempt_number"],
        "started_at": datetime.now(UTC).isoformat(),
        "duration_ms": 5,
        "dispatcher_id": dispatcher,
        "charged": False,
        "is_probe": claimed["is_probe"],
        "is_notice": claimed["event_type"].partition(".")[0] in NOTICE_RESOURCES,
        "slows": False,
        "hold": 0,
        "disable": None,
        **values,
        **changes,
    }


def record(host: Host, *results: Row) -> list[int]:
    """Flush a batch; returns the lease tokens whose result decided where their delivery goes."""
    rows = host.rows("select * from outbound_webhooks.record_attempts(%s)", Jsonb(results))
    return sorted(int(str(row["lease_token"])) for row in rows if row["lease_token"] is not None)


def changes(host: Host, *results: Row) -> list[tuple[object, ...]]:
    """Flush a batch; returns what became of endpoints by it."""
    rows = host.rows("select * from outbound_webhooks.record_attempts(%s)", Jsonb(results))
    return [(row["endpoint_id"], row["change"], row["reason"]) for row in rows if row["change"] is not None]


def release(host: Host, claimed: Sequence[Row], *, delay: str = "0 seconds", may_have_left: bool = False) -> int:
    """Give claimed deliveries back; returns how many were still held."""
    return int(
        str(
            host.value(
                "select outbound_webhooks.release_deliveries(%s::bigint[], %s::bigint[], %s, %s)",
                ids(claimed), [row["lease_token"] for row in claimed], delay, may_have_left,
            )
        )
    )  # fmt: skip


def settle(host: Host, limit: int = 1000) -> int:
    """Bring waiting deliveries in line with their endpoints; returns how many moved."""
    return int(str(host.value("select outbound_webhooks.settle_deliveries(%s)", limit)))


def end_all(host: Host, values: Row, count: int = 1000) -> list[int]:
    """Claim all that is due, at most so many, and record one result for each; returns their ids."""
    dispatcher = register(host)
    claimed = claim(host, dispatcher, limit=count)
    record(host, *(result(row, dispatcher, values) for row in claimed))
    return ids(claimed)


def flow(host: Host, endpoint_id: int) -> Row:
    """What is on its way to an endpoint, and how much more may be."""
    (row,) = host.rows("select * from outbound_webhooks.endpoint_flow where endpoint_id = %s", endpoint_id)
    return row


def open_breaker(host: Host, endpoint_id: int, probe_in: str = "1 minute") -> None:
    """As if an endpoint's circuit breaker had opened, once; its probe is due after this."""
    host.rows(
        "update outbound_webhooks.endpoint_flow set breaker = 'open', breaker_openings = 1, failures = 10,"
        " failing_since = clock_timestamp(), probe_at = clock_timestamp() + %s::interval where endpoint_id = %s",
        probe_in, endpoint_id,
    )  # fmt: skip


def change_flow(host: Host, endpoint_id: int, change: str) -> None:
    """Change an endpoint's flow: `held_until = held_until - interval '1 minute'`, for example, lets a minute pass."""
    host.rows(f"update outbound_webhooks.endpoint_flow set {change} where endpoint_id = %s", endpoint_id)


def let_leases_expire(host: Host, *delivery_ids: int) -> None:
    """As if every lease, or that of these deliveries, had been taken an hour earlier."""
    host.rows(
        "update outbound_webhooks.deliveries"
        " set leased_at = leased_at - interval '1 hour', lease_until = lease_until - interval '1 hour'"
        " where id = any (%s::bigint[]) or cardinality(%s::bigint[]) = 0",
        list(delivery_ids), list(delivery_ids),
    )  # fmt: skip


def make_due(host: Host) -> None:
    """As if every delivery that waits for its next attempt had waited long enough."""
    host.rows("update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp() - interval '1 second'")


def states(host: Host) -> dict[int, str]:
    """The state of every delivery."""
    return {
        int(str(r["id"])): str(r["state"]) for r in host.rows("select id, state from outbound_webhooks.delivery_log")
    }


def attempts(host: Host) -> list[Row]:
    """Every attempt, by delivery and number."""
    return host.rows("select * from outbound_webhooks.attempts order by delivery_id, number, lease_token")


def bodies(host: Host) -> list[Any]:
    """The bodies of all events, as receivers read them, oldest first."""
    return [json.loads(str(row["body"])) for row in host.rows("select body from outbound_webhooks.events order by id")]

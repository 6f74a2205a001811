"""Replays and retries, one step at a time; and how a test gets dead deliveries to send again."""

from collections.abc import Mapping
from typing import Any

from tests.sql.steps import DEAD, RETRY, Row, claim, emit, end_all, endpoint, record, register, result
from tests.support.host import Host


def start_replay(host: Host, **options: object) -> int:
    """Start a replay; options are the parameters of replay() without p_. Returns its id."""
    return int(str(_replay(host, "replay", options)["replay_id"]))


def start_reevaluation(host: Host, **options: object) -> int:
    """Start a reevaluation; options are the parameters of reevaluate() without p_. Returns its id."""
    return int(str(_replay(host, "reevaluate", options)["replay_id"]))


def dry_run(host: Host, function: str = "replay", **options: object) -> int:
    """How many deliveries a replay, or a reevaluation, would be about; nothing is started."""
    row = _replay(host, function, {**options, "dry_run": True})
    assert row["replay_id"] is None
    return int(str(row["deliveries"]))


def _replay(host: Host, function: str, options: Mapping[str, object]) -> Row:
    names = ", ".join(f"p_{name} => %s" for name in options)
    (row,) = host.rows(f"select * from outbound_webhooks.{function}({names})", *options.values())
    return row


def advance(host: Host, replay: int, limit: int = 500) -> Row | None:
    """One batch of a replay; None if it does not run."""
    rows = host.rows("select * from outbound_webhooks.advance_replay(%s, %s)", replay, limit)
    return rows[0] if rows else None


def replayed(host: Host, replay: int) -> Row:
    """A replay as it stands."""
    (row,) = host.rows("select * from outbound_webhooks.replays where id = %s", replay)
    return row


def let_spread_pass(host: Host, replay: int, seconds: float) -> None:
    """As if so much of the time over which a replay has spread its deliveries had passed."""
    host.rows(
        "update outbound_webhooks.replays set spread_until = spread_until - make_interval(secs => %s) where id = %s",
        seconds, replay,
    )  # fmt: skip


def retry(host: Host, delivery: int) -> str:
    """Retry a delivery; returns what is said about it."""
    return str(host.value("select outbound_webhooks.retry_delivery(%s)", delivery))


def ended(host: Host, values: Row = DEAD, **options: Any) -> int:
    """A delivery of a new endpoint that was claimed, and ended so."""
    endpoint(host, **options)
    (delivery,) = emit(host)
    dispatcher = register(host)
    (claimed,) = claim(host, dispatcher)
    record(host, result(claimed, dispatcher, values))
    return delivery


def after_an_older_one(host: Host) -> int:
    """Two of one payment: the newer one died while the older one still waits; so it was when the order was not kept."""
    ended(host, RETRY)
    (delivery,) = emit(host)
    dispatcher = register(host)
    (claimed,) = claim(host, dispatcher)
    record(host, result(claimed, dispatcher, DEAD))
    host.rows("update outbound_webhooks.endpoints set ordering = 'per_resource'")
    host.rows("update outbound_webhooks.deliveries set ordering_key = 'payment_transaction:1'")
    return delivery


def stop(host: Host, state: str) -> None:
    """Bring all endpoints into a state, by hand."""
    host.rows("update outbound_webhooks.endpoints set state = %s, state_reason = 'a test'", state)


def dead(host: Host, count: int, **options: Any) -> list[int]:
    """So many dead deliveries of a new endpoint."""
    endpoint(host, max_in_flight=1000, **options)
    emit(host, count)
    # Failures in a row would open its breaker.
    host.rows("update outbound_webhooks.settings set breaker_failures = 1000")
    return end_all(host, DEAD)


def live(host: Host) -> list[tuple[int, Any]]:
    """What is live, as it is due: how many seconds after the first."""
    rows = host.rows(
        "select id, extract(epoch from next_attempt_at - min(next_attempt_at) over ())::float8 as after"
        " from outbound_webhooks.deliveries order by next_attempt_at, id"
    )
    return [(int(str(row["id"])), float(str(row["after"]))) for row in rows]


def to_its_end(host: Host, replay: int, batches: int = 100) -> None:
    """Batch after batch, each as if its time had come."""
    for _ in range(batches):
        if advance(host, replay) is None:
            return
        let_spread_pass(host, replay, 10)
    raise AssertionError("it does not end")


def stored(host: Host, what: str, *parameters: object) -> list[Row]:
    """Rows of a table of ours, and which."""
    return host.rows(f"select * from outbound_webhooks.{what}", *parameters)

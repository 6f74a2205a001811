"""What really leads to each answer of explain() about a delivery."""

from collections.abc import Callable

from tests.sql import steps
from tests.sql.doctoring import LASTING
from tests.sql.explaining import delivering, explain, newest, paid
from tests.sql.steps import DEAD, RETRY, SLOWS, SUCCEEDED, Row, claim, endpoint, record, result, settle
from tests.support.host import Host

PAUSE = "select outbound_webhooks.pause_endpoint(%s, %s)"


def in_flight(host: Host) -> list[Row]:
    """Claimed, and no result yet."""
    dispatcher, created, event = delivering(host), endpoint(host), paid(host)
    claim(host, dispatcher)
    return explain(host, event, created.id)


def lease_over(host: Host) -> list[Row]:
    """Claimed by a dispatcher that ended."""
    dispatcher, created, event = delivering(host), endpoint(host), paid(host)
    claim(host, dispatcher)
    host.rows("select outbound_webhooks.stop_dispatcher(%s)", dispatcher)
    return explain(host, event, created.id)


def unarmed(host: Host) -> list[Row]:
    """It was armed as another database: what a copy on the same server sees (test_fence.py makes a real one)."""
    created, event = endpoint(host), paid(host)
    host.rows("update outbound_webhooks.settings set armed_database_oid = armed_database_oid::bigint + 1")
    return explain(host, event, created.id)


def switched_off(host: Host) -> list[Row]:
    """Somebody turned delivery off for all."""
    _, created, event = delivering(host), endpoint(host), paid(host)
    host.rows("select outbound_webhooks.set_delivery(false, 'the receivers are flooded')")
    return explain(host, event, created.id)


def delivery_off(host: Host) -> list[Row]:
    """No dispatcher ever ran."""
    created, event = endpoint(host), paid(host)
    return explain(host, event, created.id)


def no_dispatcher(host: Host) -> list[Row]:
    """The only dispatcher stopped."""
    dispatcher, created, event = delivering(host), endpoint(host), paid(host)
    host.rows("select outbound_webhooks.stop_dispatcher(%s)", dispatcher)
    return explain(host, event, created.id)


def retired(host: Host) -> list[Row]:
    """The endpoint is retired before a dispatcher tidied up."""
    _, created, event = delivering(host), endpoint(host), paid(host)
    steps.set_state(host, created.id, "retired")
    return explain(host, event, created.id)


def paused(host: Host) -> list[Row]:
    """Somebody paused the endpoint."""
    _, created, event = delivering(host), endpoint(host), paid(host)
    host.rows(PAUSE, created.id, "the clinic moves")
    return explain(host, event, created.id)


def disabled(host: Host) -> list[Row]:
    """The receiver answered 410."""
    dispatcher, created = delivering(host), endpoint(host)
    paid(host)
    (claimed,) = claim(host, dispatcher)
    record(host, result(claimed, dispatcher, RETRY, http_status=410, disable="answered 410 Gone"))
    return explain(host, paid(host), created.id)


def opened(host: Host) -> tuple[int, int]:
    """A dispatcher, and an endpoint whose circuit breaker its failures opened; two payments wait."""
    dispatcher, created = delivering(host), endpoint(host)
    host.rows(LASTING)
    for _ in range(10):
        host.pay()
    record(host, *(result(row, dispatcher, RETRY) for row in claim(host, dispatcher)))
    host.pay()
    host.pay()
    return dispatcher, created.id


def breaker_open(host: Host) -> list[Row]:
    """Ten failures in a row."""
    _, stopped = opened(host)
    return explain(host, newest(host), stopped)


def probing(host: Host) -> list[Row]:
    """The breaker lets one delivery go to see."""
    dispatcher, stopped = opened(host)
    steps.change_flow(host, stopped, "probe_at = clock_timestamp() - interval '1 second'")
    assert len(claim(host, dispatcher)) == 1
    return explain(host, newest(host), stopped)


def parked(host: Host) -> list[Row]:
    """Paused, resumed, and not drained yet."""
    _, created, event = delivering(host), endpoint(host), paid(host)
    host.rows(PAUSE, created.id, None)
    settle(host)
    host.rows("select outbound_webhooks.resume_endpoint(%s, 25)", created.id)
    return explain(host, event, created.id)


def retry_after(host: Host) -> list[Row]:
    """The receiver answered 503 with Retry-After."""
    dispatcher, created = delivering(host), endpoint(host)
    paid(host)
    (claimed,) = claim(host, dispatcher)
    record(host, result(claimed, dispatcher, SLOWS, hold=60))
    return explain(host, paid(host), created.id)


def held_back(host: Host) -> list[Row]:
    """Two changes of one payment, at an endpoint that keeps order."""
    dispatcher, created = delivering(host), endpoint(host, ordering="per_resource")
    host.pay()
    host.rows("update payment_transactions set status = 'paid'")
    claim(host, dispatcher)
    return explain(host, newest(host), created.id)


def not_due(host: Host) -> list[Row]:
    """The first attempt failed."""
    dispatcher, created, event = delivering(host), endpoint(host), paid(host)
    (claimed,) = claim(host, dispatcher)
    record(host, result(claimed, dispatcher, RETRY, http_status=503))
    return explain(host, event, created.id)


def full(host: Host) -> list[Row]:
    """One request is out, and only one may be."""
    dispatcher, created = delivering(host), endpoint(host, max_in_flight=1)
    host.pay()
    claim(host, dispatcher)
    return explain(host, paid(host), created.id)


def rate(host: Host) -> list[Row]:
    """One request a second may begin, and one has; as if that were in a minute, so that the second does not pass."""
    dispatcher, created = delivering(host), endpoint(host, requests_per_second=1)
    steps.change_flow(host, created.id, "tokens_at = tokens_at - interval '1 minute'")
    host.pay()
    assert len(claim(host, dispatcher)) == 1
    steps.change_flow(host, created.id, "tokens_at = tokens_at + interval '1 minute'")
    return explain(host, paid(host), created.id)


def due(host: Host) -> list[Row]:
    """Nothing happened yet."""
    _, created, event = delivering(host), endpoint(host), paid(host)
    return explain(host, event, created.id)


def succeeded(host: Host) -> list[Row]:
    """The receiver took it."""
    dispatcher, created, event = delivering(host), endpoint(host), paid(host)
    (claimed,) = claim(host, dispatcher)
    record(host, result(claimed, dispatcher, SUCCEEDED))
    return explain(host, event, created.id)


def dead(host: Host) -> list[Row]:
    """The last attempt failed."""
    dispatcher, created, event = delivering(host), endpoint(host), paid(host)
    (claimed,) = claim(host, dispatcher)
    record(host, result(claimed, dispatcher, DEAD))
    return explain(host, event, created.id)


def cancelled(host: Host) -> list[Row]:
    """The endpoint was retired, and a dispatcher tidied up."""
    _, created, event = delivering(host), endpoint(host), paid(host)
    steps.set_state(host, created.id, "retired")
    settle(host)
    return explain(host, event, created.id)


# What leads there, the codes that are given then, and what the answer says.
REACHED: dict[str, tuple[Callable[[Host], list[Row]], list[str], str]] = {
    "in_flight": (in_flight, [], "attempt 1 is on its way, from dispatcher"),
    "lease_over": (lease_over, [], "attempt 1 has no result: its dispatcher is dead"),
    "unarmed": (unarmed, ["delivery_off"], "nothing is sent from this database: it was armed as database"),
    "switched_off": (switched_off, [], "delivery is switched off, for all dispatchers: the receivers are flooded"),
    "delivery_off": (delivery_off, [], "no dispatcher runs with OUTBOUND_WEBHOOKS_ENABLED=true"),
    "no_dispatcher": (no_dispatcher, [], "no dispatcher that delivers is alive"),
    "retired": (retired, [], "about to be cancelled"),
    "paused": (paused, [], "is paused: the clinic moves; what is due is kept"),
    "disabled": (disabled, [], "is disabled: answered 410 Gone; what is due is kept"),
    "breaker_open": (breaker_open, [], "10 attempts in a row failed"),
    "probing": (probing, [], "one delivery is on its way to see"),
    "parked": (parked, [], "it was kept (paused), and is sent again in its turn: the oldest first, 25 a second"),
    "retry_after": (retry_after, [], "Retry-After"),
    "held_back": (held_back, ["in_flight"], "order is kept: delivery"),
    "not_due": (not_due, ["last_attempt"], "attempt 2 is due later"),
    "full": (full, [], "1 requests at once are on their way to the endpoint, which may have 1"),
    "rate": (rate, [], "1 requests a second may go to the endpoint"),
    "due": (due, [], "nothing in the database is in its way"),
    "succeeded": (succeeded, [], "delivered, with 1 attempt; the answer was 204"),
    "dead": (dead, [], "given up after 1 attempt: no attempts left; the last one failed: http_status 500"),
    "cancelled": (cancelled, [], "cancelled after 0 attempts: endpoint retired"),
}

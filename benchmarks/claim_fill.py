"""What the databases of the claim benchmark hold: endpoints, due deliveries, history, dead rows, stuck payments."""

from typing import LiteralString

from psycopg import Connection

from benchmarks.server import say

Filled = Connection[tuple[object, ...]]

HISTORY_DAYS = 30
CHURN_PER_SECOND = 1000  # how fast the dead rows came, so how many of them are younger than a watermark

# Two statements later the sender has them; 400 characters are what a payment's fields take.
BODY: LiteralString = (
    """'{"type":"payment_transaction.created","data":{"id":"' || n || '","note":"' || repeat('x', 400) || '"}}'"""
)
EVENT: LiteralString = "id, clinic_id, type, resource, resource_id, occurred_at, body"

ENDPOINTS: LiteralString = """
insert into outbound_webhooks.endpoints (clinic_id, url, max_in_flight, ordering)
select 'clinic-' || n, 'https://clinic.example/webhooks', %(slots)s, %(ordering)s
from generate_series(%(first)s::integer, %(last)s::integer) as n
"""
SECRETS: LiteralString = """
insert into outbound_webhooks.endpoint_secrets (clinic_id, endpoint_id, sealed)
select e.clinic_id, e.id, repeat('x', 120) from outbound_webhooks.endpoints as e order by e.id
"""
# All of them took something before: who never did shares half of the slots.
TRUSTED: LiteralString = "update outbound_webhooks.endpoint_flow set succeeded_at = clock_timestamp()"

# In the order in which payments arrive: one endpoint's rows lie between those of the others.
DUE: LiteralString = f"""
with event as (
    insert into outbound_webhooks.events ({EVENT})
    select
        outbound_webhooks.event_id(clock_timestamp()), w.clinic_id, 'payment_transaction.created',
        'payment_transaction', n::text, clock_timestamp(), {BODY}
    from (
        select e.clinic_id, n
        from outbound_webhooks.endpoints as e
        cross join generate_series(1, %(each)s::integer) as n
        where e.id between %(first)s and %(last)s
        order by n, e.id
    ) as w
    returning id, clinic_id
)
insert into outbound_webhooks.deliveries (event_id, endpoint_id, clinic_id)
select event.id, e.id, e.clinic_id
from event
join outbound_webhooks.endpoints as e on e.clinic_id = event.clinic_id
"""

PARTITION: LiteralString = """
create table if not exists outbound_webhooks.{table}_{day:%Y%m%d} partition of outbound_webhooks.{table}
    for values from ({low}) to ({high})
"""
# One day of it: each event went to three endpoints, with one attempt each.
HISTORY: LiteralString = f"""
with event as materialized (
    select n, outbound_webhooks.uuid_v7(at) as id, at
    from generate_series(1, %(count)s::integer / 3) as n
    cross join lateral (
        select (current_date - %(day)s::integer)::timestamptz + n * (interval '23 hours' / (%(count)s / 3)) as at
    ) as moment
),
told as (
    insert into outbound_webhooks.events ({EVENT})
    select id, 'clinic-' || 1 + n %% 100, 'payment_transaction.created', 'payment_transaction', n::text, at, {BODY}
    from event
),
delivery as materialized (
    select
        nextval('outbound_webhooks.delivery_ids') as id, event.id as event_id, event.at,
        1 + (event.n * 3 + k) %% 100 as endpoint_id
    from event cross join generate_series(0, 2) as k
),
finished as (
    insert into outbound_webhooks.finished_deliveries (
        id, event_id, endpoint_id, clinic_id, state, created_at, finished_at, attempt_count, failure_count,
        last_http_status
    )
    select id, event_id, endpoint_id, 'clinic-' || endpoint_id, 'succeeded', at, at + interval '1 second', 1, 0, 204
    from delivery
)
insert into outbound_webhooks.attempts (
    delivery_id, lease_token, recorded_at, endpoint_id, clinic_id, number, reason, outcome, http_status, started_at,
    duration_ms, dispatcher_id
)
select
    id, nextval('outbound_webhooks.lease_tokens'), at + interval '1 second', endpoint_id, 'clinic-' || endpoint_id,
    1, 'first', 'succeeded', 204, at, 5, 1
from delivery
"""

# Inserted, leased, deleted, each in a transaction of its own; due one after the other up to this moment.
CHURN: tuple[LiteralString, ...] = (
    """
    insert into outbound_webhooks.deliveries (event_id, endpoint_id, clinic_id, next_attempt_at)
    select
        gen_random_uuid(), 1 + n %% 100, 'clinic-' || 1 + n %% 100,
        clock_timestamp() - make_interval(secs => (%(count)s - n) / %(rate)s::double precision)
    from generate_series(1, %(count)s::integer) as n
    """,
    """
    update outbound_webhooks.deliveries
    set lease_owner = 1, lease_token = id, leased_at = clock_timestamp(), lease_until = clock_timestamp(),
        attempt_count = 1
    """,
    "delete from outbound_webhooks.deliveries",
)

# The first delivery of each payment waits for its retry, an hour from now; the others are due behind it.
STUCK: LiteralString = """
insert into outbound_webhooks.deliveries (
    event_id, endpoint_id, clinic_id, ordering_key, next_attempt_at, attempt_count, failure_count
)
select
    gen_random_uuid(), 1, 'clinic-1', 'payment_transaction:' || payment,
    clock_timestamp() + case when n = 1 then interval '1 hour' else '0' end, (n = 1)::integer, (n = 1)::integer
from generate_series(1, %(each)s::integer) as n
cross join generate_series(1, %(payments)s::integer) as payment
order by n, payment
"""


def endpoints(connection: Filled, count: int, slots: int, ordered: int = 0) -> None:
    """Endpoints of a clinic each; the first so many in order."""
    for first, last, ordering in ((1, ordered, "per_resource"), (ordered + 1, count, "none")):
        connection.execute(ENDPOINTS, {"first": first, "last": last, "slots": slots, "ordering": ordering})
    connection.execute(SECRETS)
    connection.execute(TRUSTED)


def due(connection: Filled, each: int, first: int, last: int) -> None:
    """So many due deliveries for each of these endpoints."""
    connection.execute(DUE, {"each": each, "first": first, "last": last})


def waiting(connection: Filled, each: int, first: int, last: int) -> None:
    """So many deliveries for each of these endpoints that are not due yet, until `release`."""
    due(connection, each, first, last)
    connection.execute("update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp() + interval '1 day'")


def release(connection: Filled) -> None:
    """Make everything due that waits for its time."""
    connection.execute("update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp()")


def history(connection: Filled, rows: int) -> None:
    """So many finished deliveries with their events and attempts, over the last days."""
    for day in range(HISTORY_DAYS, 0, -1):
        _make_partitions(connection, day)
        connection.execute(HISTORY, {"day": day, "count": rows // HISTORY_DAYS})
        if day % 10 == 1:
            say(f"history: {HISTORY_DAYS + 1 - day} of {HISTORY_DAYS} days")


def churn(connection: Filled, rows: int) -> None:
    """So many deliveries of the first 100 endpoints that came and went."""
    for statement in CHURN:
        connection.execute(statement, {"count": rows, "rate": CHURN_PER_SECOND})


def stuck(connection: Filled, payments: int, each: int) -> None:
    """Deliveries of payments of the first endpoint, behind a first one that waits for its retry."""
    connection.execute(STUCK, {"payments": payments, "each": each})


def settle(connection: Filled) -> None:
    """What autovacuum does once such a load is over."""
    connection.execute("vacuum (analyze)")


def _make_partitions(connection: Filled, days_ago: int) -> None:
    row = connection.execute("select current_date - %s::integer, current_date - %s::integer", (days_ago, days_ago - 1))
    ((day, following),) = row.fetchall()
    for table in ("events", "attempts", "finished_deliveries_done"):
        low, high = (
            (f"outbound_webhooks.uuid_v7_floor('{day}')", f"outbound_webhooks.uuid_v7_floor('{following}')")
            if table == "events"
            else (f"'{day}'", f"'{following}'")
        )
        connection.execute(PARTITION.format(table=table, day=day, low=low, high=high).encode())

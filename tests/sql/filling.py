"""A full database: many endpoints with a backlog, and long histories behind them, written set by set."""

from dataclasses import dataclass
from typing import LiteralString

from tests.support.host import Host


@dataclass(frozen=True)
class Sizes:
    """How many of each."""

    endpoints: int = 2_000
    live: int = 50_000
    finished: int = 200_000
    dispatchers: int = 1_000
    events: int = 20_000
    ledger: int = 20_000
    hours: int = 48


# Every tenth endpoint keeps order. Past their own triggers, which ask for a key and an address each.
ENDPOINTS: LiteralString = """
with made as (
    insert into outbound_webhooks.endpoints (clinic_id, url, ordering, state_changed_at)
    select
        'clinic-' || n %% 500, 'https://host-' || n || '.example/a-path',
        case n %% 10 when 0 then 'per_resource' else 'none' end, clock_timestamp() - interval '1 day'
    from generate_series(1, %s) as n
    returning id, clinic_id
)
insert into outbound_webhooks.endpoint_flow (endpoint_id, clinic_id, breaker_changed_at)
select id, clinic_id, clock_timestamp() - interval '1 day' from made
"""
# A fifth is the first endpoint's, the others have the rest. Of twenty: eight are parked, two have been due for half an
# hour, two for a minute, and eight will be within 20 hours.
LIVE: LiteralString = """
insert into outbound_webhooks.deliveries
    (event_id, endpoint_id, clinic_id, ordering_key, created_at, next_attempt_at, parked_reason)
select
    gen_random_uuid(), e.id, e.clinic_id, case e.ordering when 'per_resource' then 'payment:' || n end,
    clock_timestamp() - interval '1 hour',
    case
        when n %% 20 < 2 then clock_timestamp() - interval '30 minutes'
        when n %% 20 < 4 then clock_timestamp() - interval '1 minute'
        else clock_timestamp() + make_interval(mins => n %% 1200)
    end,
    case when n %% 20 >= 12 then 'breaker' end
from generate_series(1, %s) as n
join outbound_webhooks.endpoints as e
    on e.id = (select min(id) from outbound_webhooks.endpoints) + case n %% 5 when 0 then 0 else n / 20 %% %s end
"""
# Each endpoint has one in flight.
LEASES: LiteralString = """
with leased as (
    update outbound_webhooks.deliveries
    set lease_owner = 1, lease_token = nextval('outbound_webhooks.lease_tokens'), leased_at = clock_timestamp(),
        lease_until = clock_timestamp() + interval '30 seconds'
    where id in (
        select distinct on (endpoint_id) id from outbound_webhooks.deliveries
        where parked_reason is null order by endpoint_id, next_attempt_at, id
    )
    returning endpoint_id
)
update outbound_webhooks.endpoint_flow as f set in_flight = 1 from leased where leased.endpoint_id = f.endpoint_id
"""
FINISHED: LiteralString = """
with ended as (
    insert into outbound_webhooks.finished_deliveries
        (id, event_id, endpoint_id, clinic_id, state, created_at, finished_at, attempt_count, failure_count)
    select
        nextval('outbound_webhooks.delivery_ids'), gen_random_uuid(), n %% 2000, 'clinic-1', 'succeeded',
        clock_timestamp(), clock_timestamp(), 1, 0
    from generate_series(1, %s) as n
    returning *
)
insert into outbound_webhooks.attempts
    (delivery_id, lease_token, endpoint_id, clinic_id, number, reason, outcome, started_at, duration_ms, dispatcher_id)
select id, id, endpoint_id, clinic_id, 1, 'first', 'succeeded', created_at, 20, 1 from ended
"""
EVENTS: LiteralString = """
insert into outbound_webhooks.events (id, clinic_id, type, resource, resource_id, source, occurred_at, body)
select
    outbound_webhooks.uuid_v7(clock_timestamp()), 'clinic-1', 'payment.created', 'payment', n::text,
    'payment_transactions', clock_timestamp(), repeat('x', 800)
from generate_series(1, %s) as n
"""
HOURS: LiteralString = """
insert into outbound_webhooks.endpoint_hours
select
    e.id, date_trunc('hour', clock_timestamp(), 'UTC') - make_interval(hours => n), e.clinic_id,
    90, 1, 3, 0, 0, 0, 0, 0, 0, 0, 6, 90, 1, 0, array_fill(8, array[12]), array_fill(8, array[12])
from outbound_webhooks.endpoints as e
cross join generate_series(0, %s - 1) as n
"""
# They restarted often, and two of them are alive.
DISPATCHERS: LiteralString = """
insert into outbound_webhooks.dispatchers (name, version, delivering, environment, started_at, heartbeat_at)
select 'host:' || n, '1', true, 'test', t.at, t.at
from generate_series(1, %s) as n
cross join lateral (select clock_timestamp() - interval '10 minutes' * ((n - 1) / 2)) as t (at)
"""
# One change in a hundred still stands open.
LEDGER: LiteralString = """
insert into outbound_webhooks.capture_errors
    (source, operation, error_code, message, new_values, occurred_at, recaptured_at, recaptured_as)
select
    'payment_transactions', 'INSERT', '22012', 'division by zero', jsonb_build_object('id', n),
    clock_timestamp() - interval '2 days', case when n %% 100 > 0 then clock_timestamp() - interval '1 day' end,
    case when n %% 100 > 0 then '{}'::uuid[] end
from generate_series(1, %s) as n
"""


def fill(host: Host, sizes: Sizes) -> None:
    """Write it all, and let the planner know."""
    host.rows("alter table outbound_webhooks.endpoints disable trigger user")
    host.rows(ENDPOINTS, sizes.endpoints)
    host.rows("alter table outbound_webhooks.endpoints enable trigger user")
    host.rows(LIVE, sizes.live, sizes.endpoints)
    host.rows(LEASES)
    host.rows(FINISHED, sizes.finished)
    host.rows(EVENTS, sizes.events)
    host.rows(HOURS, sizes.hours)
    host.rows(DISPATCHERS, sizes.dispatchers)
    host.rows(LEDGER, sizes.ledger)
    host.rows("analyze")

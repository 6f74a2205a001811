"""A long history: many clinics with a month of events, and the deliveries that became of them, written day by day."""

from dataclasses import dataclass
from datetime import timedelta
from typing import LiteralString

from tests.support.days import add_day, today
from tests.support.host import Host

BUSY, QUIET = "clinic-0", "clinic-7"
DAYS = 30

# Of each clinic three endpoints that get every event, and one that gets one in twenty. Past their own triggers, which
# ask for a key and an address each.
ENDPOINTS: LiteralString = """
with made as (
    insert into outbound_webhooks.endpoints (clinic_id, url, description)
    select 'clinic-' || c, 'https://host-' || c || '.example/' || k, case k when 4 then 'rare' else '' end
    from generate_series(0, %s - 1) as c
    cross join generate_series(1, 4) as k
    order by c, k
    returning id, clinic_id
)
insert into outbound_webhooks.endpoint_flow (endpoint_id, clinic_id, breaker_changed_at)
select id, clinic_id, clock_timestamp() from made
"""
# Three tenths of a day's events are the first clinic's. A payment has two. One in a hundred is of a rare type.
EVENTS: LiteralString = """
insert into outbound_webhooks.events (id, clinic_id, type, resource, resource_id, source, occurred_at, body)
select
    outbound_webhooks.uuid_v7(t.at),
    case when n %% 10 < 3 then 'clinic-0' else 'clinic-' || 1 + n %% (%(clinics)s - 1) end,
    case when r < 60 then 'payment_transaction.created' when r < 99 then 'payment_transaction.paid'
        else 'invoice.sent' end,
    case when r < 99 then 'payment_transaction' else 'invoice' end,
    %(day)s::text || '-' || n / 20 * 10 + n %% 10, 'payment_transactions', t.at, repeat('x', 300)
from generate_series(0, %(count)s - 1) as n
cross join lateral (values (
    (n / 10) %% 100, %(since)s + n * (interval '20 hours' / %(count)s)
)) as t (r, at)
"""
# What becomes of each is drawn from its number: it is the same in every run.
# Of a hundred, 94 succeeded, 4 died and 2 were cancelled. One in fifty ended two days later.
FINISHED: LiteralString = """
insert into outbound_webhooks.finished_deliveries (
    id, event_id, endpoint_id, clinic_id, state, reason, created_at, finished_at, attempt_count, failure_count,
    last_http_status, last_error_class
)
select
    nextval('outbound_webhooks.delivery_ids'), e.id, e.endpoint_id, e.clinic_id, s.state,
    case when s.state <> 'succeeded' then 'a test' end, e.occurred_at,
    least(
        clock_timestamp(), e.occurred_at + case when h.n %% 50 = 7 then interval '2 days' else interval '1 second' end
    ),
    1, 0,
    case when s.state = 'succeeded' then 204 when s.error_class = 'http_status' then 500 end, s.error_class
from (
    select e.*, n.id as endpoint_id, n.description, row_number() over (order by e.id, n.id) as number
    from outbound_webhooks.events as e
    join outbound_webhooks.endpoints as n on n.clinic_id = e.clinic_id
    where e.occurred_at between %(since)s and %(since)s + interval '20 hours'
) as e
cross join lateral (select abs(hashtext(%(day)s || '-' || e.number))) as h (n)
cross join lateral (
    select
        case when h.n %% 100 < 94 then 'succeeded' when h.n %% 100 < 98 then 'dead' else 'cancelled' end as state,
        case
            when h.n %% 100 < 94 or h.n %% 100 = 99 then null
            when h.n / 100 %% 20 = 0 then 'tls'
            when h.n / 100 %% 20 < 6 then 'timeout'
            else 'http_status'
        end as error_class
) as s
where e.description = '' or h.n %% 20 = 0
order by e.number
"""
# Of the newest events: a fifth is parked, a fifth in flight. Three in four were tried, and failed.
LIVE: LiteralString = """
with live as (
    insert into outbound_webhooks.deliveries (
        event_id, endpoint_id, clinic_id, created_at, next_attempt_at, attempt_count, failure_count, parked_reason,
        lease_owner, lease_token, leased_at, lease_until
    )
    select
        e.id, e.endpoint_id, e.clinic_id, e.occurred_at, clock_timestamp() + interval '1 hour',
        least(h.n %% 4, 1), least(h.n %% 4, 1), case h.n / 4 %% 5 when 0 then 'paused' end,
        l.n, l.n, clock_timestamp() + l.n * interval '0', clock_timestamp() + l.n * interval '1 day'
    from (
        select e.*, n.id as endpoint_id, row_number() over (order by e.id desc, n.id) as number
        from outbound_webhooks.events as e
        join outbound_webhooks.endpoints as n on n.clinic_id = e.clinic_id and n.description = ''
        where e.occurred_at >= clock_timestamp() - interval '1 day'
    ) as e
    cross join lateral (select abs(hashtext(e.number::text))) as h (n)
    cross join lateral (select case h.n / 4 %% 5 when 1 then 1 end) as l (n)
    order by e.number
    limit %s
    returning id, endpoint_id, clinic_id, created_at, attempt_count
)
insert into outbound_webhooks.attempts (
    delivery_id, lease_token, recorded_at, endpoint_id, clinic_id, number, reason, outcome, error_class, http_status,
    started_at, duration_ms, dispatcher_id
)
select
    id, number, created_at + number * interval '1 second', endpoint_id, clinic_id, number, 'first', 'failed',
    case when number + id %% 2 = 2 then 'timeout' else 'http_status' end,
    case when number + id %% 2 = 2 then null else 503 end, created_at, 5, 1
from live
cross join generate_series(1, attempt_count) as number
"""
# As if each delivery had had one attempt; how long it took is made up. Hour by hour, as they are written.
HOURS: LiteralString = """
insert into outbound_webhooks.endpoint_hours
select
    f.endpoint_id, date_trunc('hour', f.finished_at, 'UTC'), min(f.clinic_id),
    count(*) filter (where f.state = 'succeeded'), 0,
    count(*) filter (where f.state = 'dead' and f.last_error_class = 'timeout'), 0,
    count(*) filter (where f.state = 'dead' and f.last_error_class = 'tls'), 0, 0, 0, 0, 0,
    count(*) filter (where f.state = 'dead' and f.last_error_class = 'http_status'),
    count(*) filter (where f.state = 'succeeded'), count(*) filter (where f.state = 'dead'),
    count(*) filter (where f.state = 'cancelled'),
    array[0, 1, 3, count(*), 5, 1, 0, 0, 0, 0, 0, 0], array[0, 0, 1, count(*), 3, 1, 0, 0, 0, 0, 0, 0]
from outbound_webhooks.finished_deliveries as f
group by 1, 2
order by 2, 1
"""


@dataclass(frozen=True)
class Sizes:
    """How much there is; each event has three deliveries and a bit."""

    clinics: int = 200
    events: int = 330_000
    live: int = 6_000


def fill_endpoints(host: Host, sizes: Sizes) -> None:
    """Write the endpoints, to which nothing happened yet."""
    host.rows("alter table outbound_webhooks.endpoints disable trigger user")
    host.rows(ENDPOINTS, sizes.clinics)
    host.rows("alter table outbound_webhooks.endpoints enable trigger user")


def fill(host: Host, sizes: Sizes) -> None:
    """Write it all, and let the planner know."""
    fill_endpoints(host, sizes)
    for ago in range(DAYS + 1, 1, -1):  # what is newer is there
        add_day(host, today(host) - timedelta(days=ago))
    now = host.value("select clock_timestamp()")
    for ago in range(DAYS - 1, -1, -1):
        since = host.value("select %s - make_interval(days => %s, hours => 20)", now, ago)
        named = {"day": ago, "clinics": sizes.clinics, "count": sizes.events // DAYS, "since": since}
        host.connection.execute(EVENTS.encode(), named)
        host.connection.execute(FINISHED.encode(), named)
    host.rows(LIVE, sizes.live)
    host.rows(HOURS)
    host.rows("vacuum (analyze)")

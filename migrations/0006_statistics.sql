-- depends: 0005_replays_and_audit
-- What became of attempts and deliveries, hour by hour: what statistics read instead of the big tables.
-- Locks: nothing that exists. Duration: milliseconds.

set local lock_timeout = '2s';

set local role outbound_webhooks_owner;

create table if not exists outbound_webhooks.endpoint_hours (
    endpoint_id bigint not null,
    hour timestamptz not null,
    clinic_id text not null,
    attempts_succeeded integer not null,
    attempts_lost integer not null,
    failed_timeout integer not null,
    failed_connect integer not null,
    failed_tls integer not null,
    failed_dns integer not null,
    failed_blocked_address integer not null,
    failed_protocol integer not null,
    failed_3xx integer not null,
    failed_4xx integer not null,
    failed_5xx integer not null,
    deliveries_succeeded integer not null,
    deliveries_dead integer not null,
    deliveries_cancelled integer not null,
    request_buckets integer[] not null,
    delivery_buckets integer[] not null,
    constraint endpoint_hours_pkey primary key (endpoint_id, hour)
) with (
    -- No index knows what a flush writes: with room on the page it is a HOT update.
    fillfactor = 50
);

-- What is too old is found by this.
create index if not exists endpoint_hours_by_hour on outbound_webhooks.endpoint_hours (hour);

comment on table outbound_webhooks.endpoint_hours is
    'Attempts and ended deliveries of an endpoint in an hour, counted in the transaction that writes them (count_hours). endpoint_statistics shows rates and percentiles.';
comment on column outbound_webhooks.endpoint_hours.hour is
    'The hour, by the clock of UTC, in which the attempt was recorded, or the delivery ended.';
comment on column outbound_webhooks.endpoint_hours.attempts_lost is
    'Those whose answer is not known; one that comes late moves its attempt to what it was, in the same hour.';
comment on column outbound_webhooks.endpoint_hours.failed_3xx is 'Failed with a status below 400: a redirect is not followed.';
comment on column outbound_webhooks.endpoint_hours.request_buckets is
    'How many requests with an answer, or an error, took how long: the buckets between statistics_bounds.request_ms.';
comment on column outbound_webhooks.endpoint_hours.delivery_buckets is
    'How many deliveries that succeeded took how long, from the event to the recorded answer: between statistics_bounds.delivery_ms.';

-- Once released, these bounds stay: hours that were counted by them are kept for long.
create or replace view outbound_webhooks.statistics_bounds with (security_invoker = true) as
select
    array[10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000]::integer[] as request_ms,
    array[25, 50, 100, 250, 500, 1000, 5000, 30000, 300000, 3600000, 86400000]::bigint[] as delivery_ms;

comment on view outbound_webhooks.statistics_bounds is
    'The bounds of the buckets in endpoint_hours, in milliseconds: the first bucket is below the first, the last one from the last on.';

create or replace view outbound_webhooks.endpoint_statistics with (security_invoker = true) as
select
    h.endpoint_id,
    h.clinic_id,
    h.hour,
    h.attempts_succeeded + f.failed + h.attempts_lost as attempts,
    h.attempts_succeeded as succeeded,
    f.failed,
    h.attempts_lost as lost,
    round(h.attempts_succeeded::numeric / nullif(h.attempts_succeeded + f.failed, 0), 4) as success_rate,
    h.deliveries_succeeded as delivered,
    h.deliveries_dead as dead,
    h.deliveries_cancelled as cancelled,
    p.request_p50_ms,
    p.request_p95_ms,
    p.request_p99_ms,
    p.delivery_p50_ms,
    p.delivery_p95_ms,
    p.delivery_p99_ms
from outbound_webhooks.endpoint_hours as h
cross join outbound_webhooks.statistics_bounds as b
cross join lateral (
    select
        h.failed_timeout + h.failed_connect + h.failed_tls + h.failed_dns + h.failed_blocked_address
        + h.failed_protocol + h.failed_3xx + h.failed_4xx + h.failed_5xx as failed
) as f
-- The bucket in which a percentile lies, and as far into it as it would lie were they spread evenly.
cross join lateral (
    select
        max(e.ms) filter (where e.kind = 'request' and e.share = 0.50) as request_p50_ms,
        max(e.ms) filter (where e.kind = 'request' and e.share = 0.95) as request_p95_ms,
        max(e.ms) filter (where e.kind = 'request' and e.share = 0.99) as request_p99_ms,
        max(e.ms) filter (where e.kind = 'delivery' and e.share = 0.50) as delivery_p50_ms,
        max(e.ms) filter (where e.kind = 'delivery' and e.share = 0.95) as delivery_p95_ms,
        max(e.ms) filter (where e.kind = 'delivery' and e.share = 0.99) as delivery_p99_ms
    from (
        select
            k.kind,
            s.share,
            round(c.lower + (c.upper - c.lower) * (s.share * c.total - (c.running - c.count)) / c.count)::bigint as ms
        from (
            values ('request', h.request_buckets, b.request_ms::bigint[]), ('delivery', h.delivery_buckets, b.delivery_ms)
        ) as k (kind, counts, bounds)
        cross join lateral (
            select
                u.count,
                coalesce(k.bounds[u.n::integer - 1], 0) as lower,
                coalesce(k.bounds[u.n::integer], k.bounds[u.n::integer - 1]) as upper,
                sum(u.count) over (order by u.n) as running,
                sum(u.count) over () as total
            from unnest(k.counts) with ordinality as u (count, n)
        ) as c
        cross join (values (0.50), (0.95), (0.99)) as s (share)
        where c.running >= s.share * c.total
            and c.running - c.count < s.share * c.total
    ) as e
) as p;

comment on view outbound_webhooks.endpoint_statistics is
    'Each endpoint''s hours: attempts, the share that succeeded of those whose answer is known, ended deliveries, and how long half, 95 % and 99 % took at most, estimated from buckets.';

-- Counts of live deliveries are taken in one walk over their table, and only if a query asks for a column that needs them.
create or replace view outbound_webhooks.stat_endpoints with (security_invoker = true) as
select
    e.id as endpoint_id,
    e.clinic_id,
    -- Neither its user and password nor its path and query, where secrets may be.
    substring(e.url from '^https://(?:[^/?#]*@)?([^/?#]+)') as host,
    e.state,
    e.state_reason as reason,
    e.state_changed_at,
    e.ordering,
    f.breaker,
    f.breaker_changed_at,
    f.probe_at,
    f.held_until,
    f.failures,
    f.failing_since,
    f.succeeded_at,
    f.in_flight,
    coalesce(f.allowed_in_flight, e.max_in_flight) as allowed_in_flight,
    e.requests_per_second,
    coalesce(live.pending, 0) as pending,
    coalesce(live.due, 0) as due,
    coalesce(extract(epoch from statement_timestamp() - live.oldest_due), 0)::double precision as oldest_due_seconds,
    coalesce(live.parked, 0) as parked,
    live.oldest_parked,
    coalesce(recent.succeeded + recent.failed + recent.lost, 0) as attempts,
    round(recent.succeeded::numeric / nullif(recent.succeeded + recent.failed, 0), 4) as success_rate,
    -- As endpoint_statistics estimates it, for both hours together.
    (
        select round(c.lower + (c.upper - c.lower) * (0.95 * c.total - (c.running - c.count)) / c.count)::bigint
        from (
            select
                s.count,
                coalesce(b.request_ms[s.n - 1], 0) as lower,
                coalesce(b.request_ms[s.n], b.request_ms[s.n - 1]) as upper,
                sum(s.count) over (order by s.n) as running,
                sum(s.count) over () as total
            from (
                select u.n::integer as n, sum(u.count) as count
                from outbound_webhooks.endpoint_hours as h
                cross join lateral unnest(h.request_buckets) with ordinality as u (count, n)
                where h.endpoint_id = e.id
                    and h.hour >= date_trunc('hour', statement_timestamp(), 'UTC') - interval '1 hour'
                group by u.n
            ) as s
            cross join outbound_webhooks.statistics_bounds as b
        ) as c
        where c.running >= 0.95 * c.total
            and c.running - c.count < 0.95 * c.total
    ) as request_p95_ms
from outbound_webhooks.endpoints as e
join outbound_webhooks.endpoint_flow as f on f.endpoint_id = e.id
left join (
    select
        d.endpoint_id,
        count(*) filter (where d.parked_reason is null and d.lease_token is null) as pending,
        count(*) filter (
            where d.parked_reason is null and d.lease_token is null and d.next_attempt_at <= statement_timestamp()
        ) as due,
        min(d.next_attempt_at) filter (
            where d.parked_reason is null and d.lease_token is null and d.next_attempt_at <= statement_timestamp()
        ) as oldest_due,
        count(*) filter (where d.parked_reason is not null) as parked,
        min(d.created_at) filter (where d.parked_reason is not null) as oldest_parked
    from outbound_webhooks.deliveries as d
    group by d.endpoint_id
) as live on live.endpoint_id = e.id
left join (
    select
        h.endpoint_id,
        sum(h.attempts_succeeded) as succeeded,
        sum(h.attempts_lost) as lost,
        sum(
            h.failed_timeout + h.failed_connect + h.failed_tls + h.failed_dns + h.failed_blocked_address
            + h.failed_protocol + h.failed_3xx + h.failed_4xx + h.failed_5xx
        ) as failed
    from outbound_webhooks.endpoint_hours as h
    where h.hour >= date_trunc('hour', statement_timestamp(), 'UTC') - interval '1 hour'
    group by h.endpoint_id
) as recent on recent.endpoint_id = e.id
where e.state <> 'retired';

comment on view outbound_webhooks.stat_endpoints is
    'Each endpoint that is not retired: its state, its circuit breaker, what waits for it, and how its attempts went lately. Never more of its URL than the host.';
comment on column outbound_webhooks.stat_endpoints.host is 'Host, and port if there is one, of its URL.';
comment on column outbound_webhooks.stat_endpoints.state is 'active, paused or disabled.';
comment on column outbound_webhooks.stat_endpoints.reason is 'Why it is in that state, if that was said.';
comment on column outbound_webhooks.stat_endpoints.ordering is 'none or per_resource.';
comment on column outbound_webhooks.stat_endpoints.breaker is
    'closed: all is well. open: nothing is sent until probe_at. half_open: one delivery is on its way to see.';
comment on column outbound_webhooks.stat_endpoints.breaker_changed_at is 'Since when.';
comment on column outbound_webhooks.stat_endpoints.held_until is 'Nothing is sent before: its Retry-After, or a trouble of our own, such as a key that does not open.';
comment on column outbound_webhooks.stat_endpoints.failures is 'Failed attempts in a row.';
comment on column outbound_webhooks.stat_endpoints.failing_since is 'When the first of them was recorded.';
comment on column outbound_webhooks.stat_endpoints.succeeded_at is 'When a delivery to it succeeded last.';
comment on column outbound_webhooks.stat_endpoints.in_flight is 'Requests on their way.';
comment on column outbound_webhooks.stat_endpoints.allowed_in_flight is
    'How many may be: below max_in_flight after it asked for less.';
comment on column outbound_webhooks.stat_endpoints.requests_per_second is 'How many may be begun within a second; null for no limit.';
comment on column outbound_webhooks.stat_endpoints.pending is 'Deliveries that wait, for their turn or for their time; none of those in flight or parked.';
comment on column outbound_webhooks.stat_endpoints.due is 'Those of them whose time has come.';
comment on column outbound_webhooks.stat_endpoints.oldest_due_seconds is 'How long ago the time of the first of these came; 0 if none is due.';
comment on column outbound_webhooks.stat_endpoints.parked is 'Deliveries that are kept for it.';
comment on column outbound_webhooks.stat_endpoints.oldest_parked is 'When the oldest of them was made.';
comment on column outbound_webhooks.stat_endpoints.attempts is 'Attempts that were recorded in this hour, by the clock of UTC, and the one before.';
comment on column outbound_webhooks.stat_endpoints.success_rate is 'The share of them that succeeded, among those whose answer is known.';
comment on column outbound_webhooks.stat_endpoints.request_p95_ms is 'How long 95 % of their requests took at most, estimated from buckets.';

grant select on outbound_webhooks.endpoint_hours, outbound_webhooks.statistics_bounds,
    outbound_webhooks.endpoint_statistics, outbound_webhooks.stat_endpoints
    to outbound_webhooks_dispatcher, outbound_webhooks_admin, outbound_webhooks_monitor, outbound_webhooks_clinic;
-- What waits, for the views that count it: neither which event a delivery is of, nor which payment.
grant select (
    id, endpoint_id, clinic_id, created_at, next_attempt_at, attempt_count, failure_count, held_back, parked_reason,
    lease_owner, lease_token, leased_at, lease_until
) on outbound_webhooks.deliveries to outbound_webhooks_monitor;

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

grant select on outbound_webhooks.endpoint_hours, outbound_webhooks.statistics_bounds, outbound_webhooks.endpoint_statistics
    to outbound_webhooks_dispatcher, outbound_webhooks_admin, outbound_webhooks_monitor, outbound_webhooks_clinic;

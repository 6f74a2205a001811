-- depends: 0006_statistics
-- What operators and dashboards ask first: a row for each endpoint, watched table and dispatcher. These views, and those of
-- the next migration, read live deliveries and small tables, never finished deliveries or attempts; of what is large
-- otherwise they look at a bounded part, by an index. None calls a function of ours: they are loaded after the migrations.
-- Locks: nothing that exists. Duration: milliseconds.

set local lock_timeout = '2s';

set local role outbound_webhooks_owner;

-- What waits and what is parked is counted in a walk over an index of live deliveries each, of all endpoints or of one, and
-- only if a query asks for a column that needs it. No row is looked at that VACUUM has seen: what has a lease is not in the
-- index, but in_flight says how many have one, and each was due when it got it.
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
    f.failed_at,
    f.failed_with,
    f.succeeded_at,
    f.in_flight,
    coalesce(f.allowed_in_flight, e.max_in_flight) as allowed_in_flight,
    e.max_in_flight,
    e.requests_per_second,
    coalesce(waiting.deliveries - f.in_flight, 0) as pending,
    coalesce(waiting.due - f.in_flight, 0) as due,
    coalesce(extract(epoch from statement_timestamp() - case
        when waiting.due = f.in_flight then null
        when f.in_flight = 0 then waiting.first_at
        -- Behind those that have a lease.
        else (
            select d.next_attempt_at
            from outbound_webhooks.deliveries as d
            where d.endpoint_id = e.id
                and d.parked_reason is null
                and d.lease_token is null
            order by d.next_attempt_at, d.id
            limit 1
        )
    end), 0)::double precision as oldest_due_seconds,
    coalesce(kept.parked, 0) as parked,
    kept.oldest_parked,
    coalesce(recent.succeeded + recent.failed + recent.lost, 0) as attempts,
    round(recent.succeeded::numeric / nullif(recent.succeeded + recent.failed, 0), 4) as success_rate,
    -- As endpoint_statistics estimates it, for both hours together.
    (
        select round(c.lower + (c.upper - c.lower) * (0.95 * c.total - (c.running - c.count)) / c.count)::bigint
        from (
            select
                u.count,
                coalesce(b.request_ms[u.n::integer - 1], 0) as lower,
                coalesce(b.request_ms[u.n::integer], b.request_ms[u.n::integer - 1]) as upper,
                sum(u.count) over (order by u.n) as running,
                sum(u.count) over () as total
            from unnest(recent.buckets) with ordinality as u (count, n)
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
        count(*) as deliveries,
        count(*) filter (where d.next_attempt_at <= statement_timestamp()) as due,
        min(d.next_attempt_at) as first_at
    from outbound_webhooks.deliveries as d
    where d.parked_reason is null
    group by d.endpoint_id
) as waiting on waiting.endpoint_id = e.id
left join (
    select d.endpoint_id, count(*) as parked, min(d.created_at) as oldest_parked
    from outbound_webhooks.deliveries as d
    where d.parked_reason is not null
    group by d.endpoint_id
) as kept on kept.endpoint_id = e.id
left join (
    select
        h.endpoint_id,
        sum(h.attempts_succeeded) as succeeded,
        sum(h.attempts_lost) as lost,
        sum(
            h.failed_timeout + h.failed_connect + h.failed_tls + h.failed_dns + h.failed_blocked_address
            + h.failed_protocol + h.failed_3xx + h.failed_4xx + h.failed_5xx
        ) as failed,
        array[
            sum(h.request_buckets[1]), sum(h.request_buckets[2]), sum(h.request_buckets[3]), sum(h.request_buckets[4]),
            sum(h.request_buckets[5]), sum(h.request_buckets[6]), sum(h.request_buckets[7]), sum(h.request_buckets[8]),
            sum(h.request_buckets[9]), sum(h.request_buckets[10]), sum(h.request_buckets[11]), sum(h.request_buckets[12])
        ] as buckets
    from outbound_webhooks.endpoint_hours as h
    where h.hour >= date_trunc('hour', statement_timestamp(), 'UTC') - interval '1 hour'
    group by h.endpoint_id
) as recent on recent.endpoint_id = e.id
where e.state <> 'retired';

comment on view outbound_webhooks.stat_endpoints is
    'Each endpoint that is not retired: its state, its circuit breaker, what waits for it, and how its attempts went lately. Never more of its URL than the host.';
comment on column outbound_webhooks.stat_endpoints.endpoint_id is 'The endpoint.';
comment on column outbound_webhooks.stat_endpoints.clinic_id is 'Its clinic.';
comment on column outbound_webhooks.stat_endpoints.host is 'Host, and port if there is one, of its URL.';
comment on column outbound_webhooks.stat_endpoints.state is 'active, paused or disabled.';
comment on column outbound_webhooks.stat_endpoints.reason is 'Why it is in that state, if that was said.';
comment on column outbound_webhooks.stat_endpoints.state_changed_at is 'Since when.';
comment on column outbound_webhooks.stat_endpoints.ordering is 'none or per_resource.';
comment on column outbound_webhooks.stat_endpoints.breaker is
    'closed: all is well. open: nothing is sent until probe_at. half_open: one delivery is on its way to see.';
comment on column outbound_webhooks.stat_endpoints.breaker_changed_at is 'Since when.';
comment on column outbound_webhooks.stat_endpoints.probe_at is 'When the next delivery goes to see; null while the breaker is closed.';
comment on column outbound_webhooks.stat_endpoints.held_until is 'Nothing is sent before: its Retry-After, or a trouble of our own, such as a key that does not open.';
comment on column outbound_webhooks.stat_endpoints.failures is 'Failed attempts in a row.';
comment on column outbound_webhooks.stat_endpoints.failing_since is 'When the first of them was recorded.';
comment on column outbound_webhooks.stat_endpoints.failed_at is 'When an attempt at it failed last.';
comment on column outbound_webhooks.stat_endpoints.failed_with is 'How: the error class, and the status if there was an answer: http_status 503.';
comment on column outbound_webhooks.stat_endpoints.succeeded_at is 'When a delivery to it succeeded last.';
comment on column outbound_webhooks.stat_endpoints.in_flight is 'Requests on their way.';
comment on column outbound_webhooks.stat_endpoints.allowed_in_flight is
    'How many may be: below max_in_flight after it asked for less.';
comment on column outbound_webhooks.stat_endpoints.max_in_flight is 'How many may be, at most.';
comment on column outbound_webhooks.stat_endpoints.requests_per_second is 'How many may be begun within a second; null for no limit.';
comment on column outbound_webhooks.stat_endpoints.pending is 'Deliveries that wait, for their turn or for their time; none of those in flight or parked.';
comment on column outbound_webhooks.stat_endpoints.due is 'Those of them whose time has come.';
comment on column outbound_webhooks.stat_endpoints.oldest_due_seconds is 'How long ago the time of the first of these came; 0 if none is due.';
comment on column outbound_webhooks.stat_endpoints.parked is 'Deliveries that are kept for it.';
comment on column outbound_webhooks.stat_endpoints.oldest_parked is 'When the oldest of them was made.';
comment on column outbound_webhooks.stat_endpoints.attempts is 'Attempts that were recorded in this hour, by the clock of UTC, and the one before.';
comment on column outbound_webhooks.stat_endpoints.success_rate is 'The share of them that succeeded, among those whose answer is known.';
comment on column outbound_webhooks.stat_endpoints.request_p95_ms is 'How long 95 % of their requests took at most, estimated from buckets.';

create or replace view outbound_webhooks.stat_sources with (security_invoker = true) as
select
    s.name as source,
    format('%I.%I', s.relation_schema, s.relation_name) as relation,
    s.resource,
    s.is_strict,
    g.capture and s.capture as capture,
    greatest(g.capture_changed_at, s.capture_changed_at) as capture_changed_at,
    needed.insert_trigger,
    needed.update_trigger,
    g.capture and s.capture and needed.all_fire as is_capturing,
    captured.at as captured_at,
    coalesce(ledger.open, 0) as ledger_open,
    ledger.oldest as ledger_oldest,
    (
        select max(c.recaptured_at)
        from outbound_webhooks.capture_errors as c
        where c.source = s.name
            and c.recaptured_at is not null
    ) as recaptured_at
from outbound_webhooks.event_sources as s
cross join outbound_webhooks.settings as g
cross join lateral (
    select
        max(n.trigger) filter (where n.operation = 'insert') as insert_trigger,
        max(n.trigger) filter (where n.operation = 'update') as update_trigger,
        coalesce(bool_and(n.trigger = 'enabled'), false) as all_fire
    from (
        select
            o.operation,
            case
                when t.tgenabled in ('O', 'A') then 'enabled'
                when t.tgenabled = 'D' then 'disabled'
                when t.tgenabled = 'R' then 'replica-only'
                else 'missing'
            end as trigger
        from (
            select distinct case r ->> 'when' when 'inserted' then 'insert' else 'update' end
            from jsonb_array_elements(s.rules) as r
        ) as o (operation)
        left join pg_trigger as t on t.tgrelid = s.relation_oid and t.tgname = '00_outbound_webhooks_' || o.operation
    ) as n
) as needed
left join (
    select e.source, max(e.occurred_at) as at
    from (
        select v.source, v.occurred_at
        from outbound_webhooks.events as v
        order by v.id desc
        limit 1000
    ) as e
    group by e.source
) as captured on captured.source = s.name
left join (
    select c.source, count(*) as open, min(c.occurred_at) as oldest
    from outbound_webhooks.capture_errors as c
    where c.recaptured_at is null
    group by c.source
) as ledger on ledger.source = s.name;

comment on view outbound_webhooks.stat_sources is
    'Each watched table: whether its changes are captured, and what of them stands in the ledger.';
comment on column outbound_webhooks.stat_sources.source is 'Its name, as the functions have it.';
comment on column outbound_webhooks.stat_sources.relation is 'The table.';
comment on column outbound_webhooks.stat_sources.resource is 'What a row of it is called in event types.';
comment on column outbound_webhooks.stat_sources.is_strict is 'True: a capture that fails makes the write fail, and nothing goes to the ledger.';
comment on column outbound_webhooks.stat_sources.capture is 'Both switches: the one for all, and its own.';
comment on column outbound_webhooks.stat_sources.capture_changed_at is 'When one of the two was thrown last.';
comment on column outbound_webhooks.stat_sources.insert_trigger is
    'enabled, disabled, replica-only or missing; null if no rule needs it. Whether it is as watch() makes it says doctor().';
comment on column outbound_webhooks.stat_sources.update_trigger is 'The same.';
comment on column outbound_webhooks.stat_sources.is_capturing is 'Switched on, and every trigger that is needed is enabled.';
comment on column outbound_webhooks.stat_sources.captured_at is
    'When the newest of its events was captured; null if none of the newest 1,000 events is one of its.';
comment on column outbound_webhooks.stat_sources.ledger_open is 'Changes that could not be captured and wait in the ledger (capture_errors) for recapture().';
comment on column outbound_webhooks.stat_sources.ledger_oldest is 'When the first of them was made.';
comment on column outbound_webhooks.stat_sources.recaptured_at is 'When a change of it was recaptured last, as far back as the ledger is kept.';

create or replace view outbound_webhooks.stat_dispatchers with (security_invoker = true) as
select
    d.id as dispatcher_id,
    d.name,
    d.version,
    d.environment,
    d.delivering,
    case
        when d.stopped_at is not null then 'stopped'
        when d.heartbeat_at > statement_timestamp() - interval '15 seconds' then 'alive'
        else 'dead'
    end as state,
    l.dispatcher_id is not null as is_leader,
    coalesce(leases.n, 0) as in_flight,
    d.started_at,
    d.heartbeat_at,
    greatest(0, extract(epoch from statement_timestamp() - d.heartbeat_at))::double precision as heartbeat_age_seconds,
    d.stopped_at
from outbound_webhooks.dispatchers as d
left join outbound_webhooks.leadership as l on l.dispatcher_id = d.id and l.held_until > statement_timestamp()
left join (
    select v.lease_owner, count(*) as n
    from outbound_webhooks.deliveries as v
    where v.lease_owner is not null
    group by v.lease_owner
) as leases on leases.lease_owner = d.id
where greatest(d.heartbeat_at, d.stopped_at) > statement_timestamp() - interval '1 day'
    or leases.n > 0;

comment on view outbound_webhooks.stat_dispatchers is
    'Each dispatcher that was there within the last day, or whose leases still are.';
comment on column outbound_webhooks.stat_dispatchers.dispatcher_id is 'As deliveries.lease_owner and attempts.dispatcher_id have it.';
comment on column outbound_webhooks.stat_dispatchers.name is 'host:pid.';
comment on column outbound_webhooks.stat_dispatchers.version is 'Its release.';
comment on column outbound_webhooks.stat_dispatchers.environment is 'What it was told that its environment is: it delivers only from a database that is armed for that one.';
comment on column outbound_webhooks.stat_dispatchers.delivering is 'Whether it claims and sends (OUTBOUND_WEBHOOKS_ENABLED).';
comment on column outbound_webhooks.stat_dispatchers.state is 'alive; stopped, in good order; or dead: without a heartbeat for 15 s, its leases are free for others.';
comment on column outbound_webhooks.stat_dispatchers.is_leader is 'Whether it does the maintenance.';
comment on column outbound_webhooks.stat_dispatchers.in_flight is 'Deliveries that it has leased.';
comment on column outbound_webhooks.stat_dispatchers.started_at is 'When it registered.';
comment on column outbound_webhooks.stat_dispatchers.heartbeat_at is 'When it said last that it lives; it does so every 5 s.';
comment on column outbound_webhooks.stat_dispatchers.heartbeat_age_seconds is 'How long ago that was.';
comment on column outbound_webhooks.stat_dispatchers.stopped_at is 'When it ended in good order.';

grant select on outbound_webhooks.stat_endpoints, outbound_webhooks.stat_sources, outbound_webhooks.stat_dispatchers
    to outbound_webhooks_dispatcher, outbound_webhooks_admin, outbound_webhooks_monitor;
grant select on outbound_webhooks.stat_endpoints to outbound_webhooks_clinic;
-- What they, and the next ones, look at for the monitor: of a delivery not which payment it is about, of an event only that
-- it is there, and of the ledger no values.
grant select (
    id, event_id, endpoint_id, clinic_id, created_at, next_attempt_at, attempt_count, held_back, parked_reason,
    lease_owner, lease_token, lease_until
) on outbound_webhooks.deliveries to outbound_webhooks_monitor;
grant select (id, source, occurred_at) on outbound_webhooks.events to outbound_webhooks_monitor;
grant select (source, occurred_at, recaptured_at) on outbound_webhooks.capture_errors to outbound_webhooks_monitor;

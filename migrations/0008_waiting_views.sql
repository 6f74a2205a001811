-- depends: 0007_stat_views
-- What waits, and for what: counted, by the time when it is due, and what waits for too long.
-- Locks: nothing that exists. Duration: milliseconds.

set local lock_timeout = '2s';

set local role outbound_webhooks_owner;

create or replace view outbound_webhooks.backlog with (security_invoker = true) as
select
    d.endpoint_id,
    d.clinic_id,
    'parked' as state,
    d.parked_reason as reason,
    count(*) as deliveries,
    0::bigint as due_in_an_hour,
    min(d.created_at) as oldest,
    null::double precision as oldest_due_seconds
from outbound_webhooks.deliveries as d
where d.parked_reason is not null
group by d.endpoint_id, d.clinic_id, d.parked_reason
union all
select
    d.endpoint_id,
    d.clinic_id,
    case when d.lease_until > statement_timestamp() then 'in_flight' else 'pending' end,
    w.reason,
    count(*),
    count(*) filter (
        where d.lease_token is null
            and d.next_attempt_at > statement_timestamp()
            and d.next_attempt_at <= statement_timestamp() + interval '1 hour'
    ),
    min(d.created_at),
    extract(epoch from statement_timestamp() - min(d.next_attempt_at) filter (where w.reason = 'due'))::double precision
from outbound_webhooks.deliveries as d
cross join lateral (
    select case
        when d.lease_until > statement_timestamp() then null
        when d.lease_token is not null then 'lease_over'
        when d.held_back then 'held_back'
        when d.next_attempt_at <= statement_timestamp() then 'due'
        else 'not_due'
    end
) as w (reason)
where d.parked_reason is null
group by d.endpoint_id, d.clinic_id, 3, w.reason;

comment on view outbound_webhooks.backlog is
    'Live deliveries, counted by endpoint, state and reason: each of them is in one row.';
comment on column outbound_webhooks.backlog.endpoint_id is 'The endpoint.';
comment on column outbound_webhooks.backlog.clinic_id is 'Its clinic.';
comment on column outbound_webhooks.backlog.state is 'pending, in_flight or parked.';
comment on column outbound_webhooks.backlog.reason is
    'Parked: paused, disabled or breaker. Pending: due; not_due; held_back, behind an older delivery of its payment; lease_over, its dispatcher did not end in time and another one takes it.';
comment on column outbound_webhooks.backlog.deliveries is 'How many.';
comment on column outbound_webhooks.backlog.due_in_an_hour is 'Those of them whose time comes within the next hour.';
comment on column outbound_webhooks.backlog.oldest is 'When the first of them was made.';
comment on column outbound_webhooks.backlog.oldest_due_seconds is 'Of what is due: how long ago the time of the first of them came.';

create or replace view outbound_webhooks.retry_calendar with (security_invoker = true) as
select
    d.endpoint_id,
    d.clinic_id,
    s.due_within,
    count(*) as deliveries,
    count(*) filter (where d.attempt_count = 0) as first_attempts,
    count(*) filter (where d.held_back) as held_back,
    min(d.next_attempt_at) as earliest
from outbound_webhooks.deliveries as d
cross join lateral (
    select ('{0 min,1 min,5 min,15 min,1 hour,6 hours,24 hours,7 days}'::interval[])[
        1 + width_bucket(d.next_attempt_at, (
            -- A select of its own makes the bounds once, and not for each row.
            select array_agg(statement_timestamp() + b.ahead order by b.ahead)
            from unnest('{0 min,1 min,5 min,15 min,1 hour,6 hours,24 hours,7 days}'::interval[]) as b (ahead)
        ))
    ] as due_within
) as s
where d.parked_reason is null
    and d.lease_token is null
group by d.endpoint_id, d.clinic_id, s.due_within;

comment on view outbound_webhooks.retry_calendar is
    'When the time of pending deliveries comes, counted by endpoint: what is sent next, as far as it is known now.';
comment on column outbound_webhooks.retry_calendar.endpoint_id is 'The endpoint.';
comment on column outbound_webhooks.retry_calendar.clinic_id is 'Its clinic.';
comment on column outbound_webhooks.retry_calendar.due_within is
    '0 is what is due now; then 1, 5 and 15 minutes, 1, 6 and 24 hours, 7 days, each without what the one before has; null: later.';
comment on column outbound_webhooks.retry_calendar.deliveries is 'How many.';
comment on column outbound_webhooks.retry_calendar.first_attempts is 'Those of them that were not tried yet.';
comment on column outbound_webhooks.retry_calendar.held_back is
    'Those of them that wait behind an older delivery of their payment: their time is that of this one.';
comment on column outbound_webhooks.retry_calendar.earliest is 'When the first of them is due.';

-- Of an endpoint ten at most are shown of each kind, so that a look costs some index probes for each endpoint, whatever
-- waits. The codes are those of explain(), in its order.
create or replace view outbound_webhooks.stuck_deliveries with (security_invoker = true) as
select
    d.id as delivery_id,
    d.event_id,
    e.id as endpoint_id,
    e.clinic_id,
    c.code,
    c.words,
    d.since,
    d.created_at,
    d.attempt_count
from outbound_webhooks.endpoints as e
join outbound_webhooks.endpoint_flow as f on f.endpoint_id = e.id
cross join outbound_webhooks.settings as g
cross join lateral (
    select
        statement_timestamp() - interval '5 minutes' as limit_at,
        -- From when on nothing that is known in advance has kept the endpoint from being sent something.
        greatest(e.state_changed_at, f.held_until, f.probe_at) as free_since
) as t
cross join lateral (
    (
        select
            v.id, v.event_id, v.created_at, v.attempt_count, v.held_back,
            greatest(v.next_attempt_at, t.free_since) as since, 'due' as kind
        from outbound_webhooks.deliveries as v
        where v.endpoint_id = e.id
            and v.parked_reason is null
            and v.lease_token is null
            and v.next_attempt_at < t.limit_at
            and e.state = 'active'
            and t.free_since < t.limit_at
        order by v.next_attempt_at, v.id
        limit 10
    )
    union all
    -- Their time is put off again and again: among what is to be sent next, a thousand at most are looked at.
    (
        select v.id, v.event_id, v.created_at, v.attempt_count, v.held_back, v.created_at, 'held_back'
        from (
            select n.id, n.event_id, n.created_at, n.attempt_count, n.held_back
            from outbound_webhooks.deliveries as n
            where n.endpoint_id = e.id
                and n.parked_reason is null
                and n.next_attempt_at >= t.limit_at
                and e.ordering = 'per_resource'
                and e.state = 'active'
            order by n.next_attempt_at, n.id
            limit 1000
        ) as v
        where v.held_back
            and v.created_at < t.limit_at
        limit 10
    )
    union all
    (
        select v.id, v.event_id, v.created_at, v.attempt_count, false, v.lease_until, 'lease_over'
        from (
            select n.id, n.event_id, n.created_at, n.attempt_count, n.lease_until
            from outbound_webhooks.deliveries as n
            where n.endpoint_id = e.id
                and n.parked_reason is null
                and n.lease_token is not null
            order by n.next_attempt_at, n.id
            limit f.in_flight
        ) as v
        where v.lease_until < t.limit_at
            and f.in_flight > 0
        limit 10
    )
    union all
    -- Nothing has been taken out of what was kept for long, though it may be sent.
    (
        select
            v.id, v.event_id, v.created_at, v.attempt_count, v.held_back,
            greatest(f.drained_until, f.breaker_changed_at, t.free_since), 'parked'
        from outbound_webhooks.deliveries as v
        where v.endpoint_id = e.id
            and v.parked_reason is not null
            and e.state = 'active'
            and f.breaker = 'closed'
            and greatest(f.drained_until, f.breaker_changed_at, t.free_since) < t.limit_at
        order by v.id
        limit 10
    )
) as d
cross join lateral (
    select w.code, w.words
    from (
        values
        (1, 'lease_over', d.kind = 'lease_over', 'its attempt has no result, and no dispatcher takes it over'),
        (
            2, 'unarmed',
            g.armed_database_oid is distinct from (
                select b.oid from pg_database as b where b.datname = current_database()
            ),
            'nothing is sent from this database: it is not armed, or is a copy'
        ),
        (
            3, 'switched_off', not g.delivery,
            'delivery is switched off, for all dispatchers' || coalesce(': ' || g.delivery_reason, '')
        ),
        (4, 'delivery_off', not g.delivering, 'delivery is off: no dispatcher runs with OUTBOUND_WEBHOOKS_ENABLED=true'),
        (
            5, 'no_dispatcher',
            not exists (
                select
                from outbound_webhooks.dispatchers as p
                where p.delivering
                    and p.stopped_at is null
                    and p.heartbeat_at > statement_timestamp() - interval '15 seconds'
            ),
            'no dispatcher that delivers is alive'
        ),
        (6, 'breaker_open', f.breaker = 'open', 'the circuit breaker is open, and no delivery goes to see'),
        (7, 'probing', f.breaker = 'half_open', 'the circuit breaker is open, and one delivery is on its way to see'),
        (8, 'parked', d.kind = 'parked', 'nothing of what was kept is sent, though it may be: no dispatcher does the maintenance'),
        (9, 'held_back', d.held_back, 'order is kept: an older delivery of its payment is not done'),
        (
            10, 'full', f.in_flight >= least(f.allowed_in_flight, e.max_in_flight),
            'as many requests at once are on their way to the endpoint as it may have'
        ),
        (
            11, 'rate',
            f.tokens + e.requests_per_second * extract(epoch from statement_timestamp() - f.tokens_at) < 1,
            'as many requests a second go to the endpoint as it may have'
        ),
        (
            12, 'due', true,
            'nothing in the database is in its way: the dispatchers are full, or have no room left for this clinic, or for endpoints that fail'
        )
    ) as w (n, code, holds, words)
    where w.holds
    order by w.n
    limit 1
) as c
where e.state <> 'retired';

comment on view outbound_webhooks.stuck_deliveries is
    'Deliveries that have waited for 5 minutes longer than anything planned explains, and why; of an endpoint ten of each kind at most.';
comment on column outbound_webhooks.stuck_deliveries.delivery_id is 'The delivery.';
comment on column outbound_webhooks.stuck_deliveries.event_id is 'The webhook-id: explain(event_id, endpoint_id) says more.';
comment on column outbound_webhooks.stuck_deliveries.endpoint_id is 'The endpoint.';
comment on column outbound_webhooks.stuck_deliveries.clinic_id is 'Its clinic.';
comment on column outbound_webhooks.stuck_deliveries.code is
    'As explain() has it: lease_over, unarmed, switched_off, delivery_off, no_dispatcher, breaker_open, probing, parked, held_back, full, rate or due.';
comment on column outbound_webhooks.stuck_deliveries.words is 'The same for people.';
comment on column outbound_webhooks.stuck_deliveries.since is
    'From when on it might have been sent; held_back: when it was made; lease_over: when its lease ended.';
comment on column outbound_webhooks.stuck_deliveries.created_at is 'When it was made.';
comment on column outbound_webhooks.stuck_deliveries.attempt_count is 'Requests begun, lost ones included.';

grant select on outbound_webhooks.backlog, outbound_webhooks.retry_calendar, outbound_webhooks.stuck_deliveries
    to outbound_webhooks_dispatcher, outbound_webhooks_admin, outbound_webhooks_monitor;
grant select on outbound_webhooks.backlog, outbound_webhooks.retry_calendar to outbound_webhooks_clinic;

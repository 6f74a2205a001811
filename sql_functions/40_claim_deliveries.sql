-- claim_deliveries: lease what can start now, fairly between endpoints and clinics, to one dispatcher.
-- Called by: dispatcher/pipeline/claim.py, in autocommit. Locks, until it returns: the endpoint_flow rows of the
-- endpoints that have due work, and the deliveries it returns; what others hold is skipped, never waited for.
-- The flow row is what makes limits hold for all dispatchers together: only one claims for an endpoint at a time, and
-- sees what the one before it took (docs/adr/0009).
-- p_visits: so many endpoints are looked at, at most; each costs about 14 microseconds, served or not.
-- p_watermark: nothing older is looked at, dead rows of finished deliveries least of all; '-infinity' looks at all.
-- p_share bounds what one clinic may have in flight at this dispatcher; p_busy_counts says what each has now.
-- p_suspects bounds what endpoints may get together that failed last, or never took anything: many that hang leave the
-- other slots free. When it was used up, p_suspects_after is the last one served, and only those behind it are in turn.
-- Nothing is leased while delivery is switched off, or the database is not armed for the dispatcher (may_deliver).
-- Returns all that sending needs. Each endpoint it visited has at least one row, with a null delivery_id if nothing of
-- it was claimed: the caller moves its cursor by that. oldest: when the endpoint's first row was or will be due.
-- headers: the endpoint's own, each as its name, its value in clear and its sealed one, of which one is null. They are
-- looked up once for an endpoint; null if it has none.
-- is_hungry: it got all that it had room for, or keeps order: once one of its requests ends, more may start.
-- look_again_in: seconds until more of it may be claimed; null where a result, or the sweep, will tell.
-- The planner is held to index scans, as its statistics know nothing of dead rows; the loose scan steps from endpoint
-- to endpoint, so that one endpoint's million rows cost the others one step.
create or replace function outbound_webhooks.claim_deliveries(
    p_dispatcher_id bigint,
    p_limit integer,
    p_visits integer,
    p_after_endpoint_id bigint,
    p_watermark timestamptz,
    p_busy_clinic_ids text[],
    p_busy_counts integer[],
    p_share integer,
    p_lease_margin interval,
    p_suspects integer default null,
    p_suspects_after bigint default 0
)
    returns table (
        endpoint_id bigint,
        oldest timestamptz,
        clinic_id text,
        is_hungry boolean,
        look_again_in double precision,
        delivery_id bigint,
        event_id uuid,
        event_type text,
        body text,
        created_at timestamptz,
        lease_token bigint,
        attempt_number integer,
        failure_count integer,
        is_probe boolean,
        is_suspect boolean,
        url text,
        timeout_seconds integer,
        retry_schedule integer[],
        secrets text[],
        headers text[],
        traceparent text,
        request_id text
    )
    language plpgsql
    volatile
    security definer -- dispatchers read secrets and write leases only through functions
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
    set jit = off
as $$
#variable_conflict use_column
declare
    v_now constant timestamptz := statement_timestamp();
    v_replaying constant boolean := exists (select from outbound_webhooks.replays as r where r.state = 'running');
begin
    if not outbound_webhooks.may_deliver(p_dispatcher_id) then
        return;
    end if;
    return query
    with recursive visited (endpoint_id, next_attempt_at, n) as (
        (
            select d.endpoint_id, d.next_attempt_at, 1
            from outbound_webhooks.deliveries as d
            where d.parked_reason is null
                and d.endpoint_id > p_after_endpoint_id
                and d.next_attempt_at >= p_watermark
            order by d.endpoint_id, d.next_attempt_at
            limit 1
        )
        union all
        select following.endpoint_id, following.next_attempt_at, v.n + 1
        from visited as v
        cross join lateral (
            select d.endpoint_id, d.next_attempt_at
            from outbound_webhooks.deliveries as d
            where d.parked_reason is null
                and d.endpoint_id > v.endpoint_id
                and d.next_attempt_at >= p_watermark
            order by d.endpoint_id, d.next_attempt_at
            limit 1
        ) as following
        where v.n < p_visits
    ),
    due as materialized (
        select e.*
        from visited as v
        join outbound_webhooks.endpoints as e on e.id = v.endpoint_id
        where v.next_attempt_at <= v_now
            and e.state = 'active'
    ),
    flow as materialized (
        select f.*
        from outbound_webhooks.endpoint_flow as f
        where f.endpoint_id = any (array(select due.id from due))
        order by f.endpoint_id
        for no key update skip locked
    ),
    -- What each endpoint has room for: by its own limits, and by those of its rate.
    room as materialized (
        select
            due.*,
            f.in_flight,
            f.breaker <> 'closed' as is_probe,
            a.allowed,
            f.failures > 0 or f.succeeded_at is null as is_suspect,
            case
                when f.held_until > v_now then 0
                when f.breaker = 'closed' then greatest(0, a.allowed - f.in_flight)
                -- Open: when its time has come, one delivery goes to see, and no other until its result is known.
                when f.probe_at <= v_now and f.in_flight = 0 then 1
                else 0
            end as slots,
            -- A twentieth of a second's worth may be made up for at once: more would exceed the rate within a second.
            case when due.requests_per_second is not null then least(
                greatest(1, due.requests_per_second / 20.0),
                f.tokens + due.requests_per_second * extract(epoch from v_now - f.tokens_at)
            ) end::double precision as tokens,
            greatest(f.held_until, f.probe_at) as stopped_until
        from due
        join flow as f on f.endpoint_id = due.id
        cross join lateral (
            select least(due.max_in_flight, coalesce(f.allowed_in_flight, due.max_in_flight)) as allowed
        ) as a
    ),
    asked as materialized (
        select
            r.*,
            p_share - coalesce(busy.in_flight, 0) as clinic_share,
            sum(r.wanted) over (partition by r.clinic_id) as clinic_wanted,
            r.is_suspect and sum(r.wanted) filter (where r.is_suspect) over () > p_suspects as is_scarce,
            ceil(p_suspects::double precision / nullif(count(*) filter (where r.is_suspect and r.wanted > 0) over (), 0))
                as suspect_share
        from (
            select
                room.*,
                case
                    when room.is_suspect and room.id <= p_suspects_after then 0
                    else greatest(0, least(room.slots, coalesce(floor(room.tokens), room.slots)))
                end::integer as wanted
            from room
        ) as r
        left join unnest(p_busy_clinic_ids, p_busy_counts) as busy (clinic_id, in_flight) on busy.clinic_id = r.clinic_id
    ),
    -- What they really have, where there is not enough for all that they have room for.
    having_work as materialized (
        select
            a.*,
            case when a.clinic_wanted > a.clinic_share or a.is_scarce then (
                select count(*)
                from (
                    select
                    from outbound_webhooks.deliveries as d
                    where d.endpoint_id = a.id
                        and d.parked_reason is null
                        and d.next_attempt_at >= p_watermark
                        and d.next_attempt_at <= v_now
                        and d.lease_token is null
                    limit least(a.wanted, case when a.is_scarce then a.suspect_share end)
                ) as waiting
            ) else a.wanted end as has
        from asked as a
    ),
    -- Of a clinic, who has least in flight comes first; of suspects, an equal part each, in the order of their ids.
    granted as materialized (
        select
            h.*,
            greatest(0, least(
                h.has,
                h.clinic_share - coalesce(sum(h.has) over (
                    partition by h.clinic_id order by h.in_flight, h.id rows between unbounded preceding and 1 preceding
                ), 0),
                case when h.is_suspect then p_suspects - coalesce(sum(h.has) filter (where h.is_suspect) over (
                    order by h.id rows between unbounded preceding and 1 preceding
                ), 0) end
            ))::integer as free
        from having_work as h
    ),
    -- While a replay runs, a tenth of an endpoint's slots, and of a clinic's, is for what is new: it would keep all busy.
    shared as materialized (
        select
            g.*,
            case when v_replaying then greatest(0, least(
                g.free,
                g.slots - case when g.is_probe then 0 else g.allowed / 10 end,
                g.clinic_share - p_share / 10
            )) else g.free end::integer as free_in_bulk
        from granted as g
    ),
    pick as materialized (
        select due_row.id, due_row.endpoint_id
        -- In the order that the caller's cursor follows: it would pass over an endpoint that a later one was served before.
        from (select shared.* from shared where shared.free > 0 order by shared.id) as s
        -- What a replay or a reevaluation makes due goes behind the rest, as long as one runs. It is never much (is_crowded),
        -- so that the rest is soon found beyond it; and it is looked at, and locked, only as far as the rest leaves room.
        -- At other times all goes in one turn: a second look at each endpoint would cost a third more.
        cross join lateral (
            select in_turn.*
            from (values (false), (true), (null)) as turn (in_bulk)
            cross join lateral (
                select d.id, d.endpoint_id
                from outbound_webhooks.deliveries as d
                where d.endpoint_id = s.id
                    and (d.in_bulk = turn.in_bulk or turn.in_bulk is null)
                    and d.parked_reason is null
                    and d.next_attempt_at >= p_watermark
                    and d.next_attempt_at <= v_now
                    and d.lease_token is null
                    and (
                        d.ordering_key is null
                        or not exists (
                            select
                            from outbound_webhooks.deliveries as older
                            where older.endpoint_id = d.endpoint_id
                                and older.ordering_key = d.ordering_key
                                and older.id < d.id
                        )
                    )
                order by d.next_attempt_at, d.id
                limit case when turn.in_bulk then s.free_in_bulk else s.free end
                for update skip locked
            ) as in_turn
            where (turn.in_bulk is not null) = v_replaying
            limit s.free
        ) as due_row
        limit p_limit
    ),
    claimed as (
        update outbound_webhooks.deliveries as d
        set
            lease_owner = p_dispatcher_id,
            lease_token = nextval('outbound_webhooks.lease_tokens'),
            leased_at = v_now,
            lease_until = v_now + make_interval(secs => s.timeout_seconds) + p_lease_margin,
            attempt_count = d.attempt_count + 1,
            held_back = false,
            in_bulk = false
        from shared as s
        where d.id = any (array(select pick.id from pick))
            and s.id = d.endpoint_id
        returning d.*, s.is_probe, s.is_suspect, s.url, s.timeout_seconds, s.retry_schedule
    ),
    -- What waits behind an older delivery of its payment is put off, or each claim would look at all of it again. Its
    -- head is locked with it: who ends the head after that lets the follower go (wake_followers), so no wake-up is lost.
    deferred as (
        update outbound_webhooks.deliveries as d
        set next_attempt_at = greatest(blocked.head_at, v_now + interval '1 minute'), held_back = true
        from (
            select follower.id, head.next_attempt_at as head_at
            from shared as s
            cross join lateral (
                select d.id, d.ordering_key
                from outbound_webhooks.deliveries as d
                where d.endpoint_id = s.id
                    and d.parked_reason is null
                    and d.next_attempt_at >= p_watermark
                    and d.next_attempt_at <= v_now
                    and d.lease_token is null
                    and d.ordering_key is not null
                    and exists (
                        select
                        from outbound_webhooks.deliveries as older
                        where older.endpoint_id = d.endpoint_id
                            and older.ordering_key = d.ordering_key
                            and older.id < d.id
                    )
                order by d.next_attempt_at, d.id
                limit 1000
                for update skip locked
            ) as follower
            cross join lateral (
                select h.next_attempt_at
                from outbound_webhooks.deliveries as h
                where h.endpoint_id = s.id
                    and h.ordering_key = follower.ordering_key
                    and h.id < follower.id
                order by h.id
                limit 1
                for update skip locked
            ) as head
            where s.ordering = 'per_resource'
        ) as blocked
        where d.id = blocked.id
    ),
    counted as (
        select
            c.endpoint_id,
            count(*)::integer as n,
            (
                select array_agg(array[h.name, h.value, h.sealed])
                from outbound_webhooks.endpoint_headers as h
                where h.endpoint_id = c.endpoint_id
            ) as headers
        from claimed as c
        group by c.endpoint_id
    ),
    moved as (
        update outbound_webhooks.endpoint_flow as f
        set
            in_flight = f.in_flight + counted.n,
            tokens = coalesce(s.tokens - counted.n, 0),
            tokens_at = v_now,
            breaker = case when f.breaker = 'open' then 'half_open' else f.breaker end
        from counted
        join shared as s on s.id = counted.endpoint_id
        where f.endpoint_id = counted.endpoint_id
    )
    select
        v.endpoint_id,
        v.next_attempt_at,
        s.clinic_id,
        coalesce(counted.n, 0) >= s.free_in_bulk or s.ordering = 'per_resource',
        case
            when v.next_attempt_at > v_now or not exists (select from due where due.id = v.endpoint_id) then null
            -- Somebody else claims for it at this moment, or writes down its results.
            when s.id is null then 0.01
            when s.stopped_until > v_now then extract(epoch from s.stopped_until - v_now)
            when s.tokens - coalesce(counted.n, 0) < 1 and s.slots > coalesce(counted.n, 0)
                then (1 - s.tokens + coalesce(counted.n, 0)) / s.requests_per_second
        end::double precision,
        c.id, c.event_id, c.type, c.body, c.created_at, c.lease_token,
        c.attempt_count, c.failure_count, c.is_probe, c.is_suspect, c.url, c.timeout_seconds, c.retry_schedule,
        (
            select array_agg(coalesce(k.sealed, k.secret) order by k.id desc)
            from outbound_webhooks.endpoint_secrets as k
            where k.endpoint_id = c.endpoint_id
                and (k.valid_until is null or k.valid_until > v_now)
        ),
        counted.headers, c.traceparent, c.request_id
    -- Only what was visited is in the others, so these are left joins; but a full join is never a nested loop, which the
    -- planner prefers, as it expects one row of each, and which compares 200 endpoints with 200 rows pair by pair.
    from visited as v
    full join shared as s on s.id = v.endpoint_id
    full join counted on counted.endpoint_id = v.endpoint_id
    full join (
        select claimed.*, events.type, events.body, events.traceparent, events.request_id
        from claimed
        left join outbound_webhooks.events on events.id = claimed.event_id
    ) as c on c.endpoint_id = v.endpoint_id;
end
$$;

revoke execute on function outbound_webhooks.claim_deliveries(
    bigint, integer, integer, bigint, timestamptz, text[], integer[], integer, interval, integer, bigint
)
    from public;
grant execute on function outbound_webhooks.claim_deliveries(
    bigint, integer, integer, bigint, timestamptz, text[], integer[], integer, interval, integer, bigint
)
    to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.claim_deliveries(
    bigint, integer, integer, bigint, timestamptz, text[], integer[], integer, interval, integer, bigint
) is
    'Lease due deliveries to a dispatcher, at most what each endpoint and clinic has room for.';

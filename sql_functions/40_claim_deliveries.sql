-- claim_deliveries: lease what can start now, fairly between endpoints, to one dispatcher.
-- Called by: dispatcher/pipeline/claim.py, in autocommit. Locks: the rows it returns, until it returns; skips others'.
-- p_share bounds what one endpoint may take of this dispatcher; p_held_ids are the deliveries it still works on.
-- Returns all that sending needs. Each endpoint it visited has at least one row, with a null delivery_id if nothing of
-- it was claimed: the caller moves its cursor by that.
-- The planner is held to index scans, as its statistics know nothing of dead rows; the loose scan steps from endpoint
-- to endpoint, so that one endpoint's million rows cost the others one step.
create or replace function outbound_webhooks.claim_deliveries(
    p_dispatcher_id bigint,
    p_limit integer,
    p_after_endpoint_id bigint,
    p_busy_endpoint_ids bigint[],
    p_busy_counts integer[],
    p_lease_margin interval,
    p_share integer default 1000,
    p_held_ids bigint[] default '{}'
)
    returns table (
        endpoint_id bigint,
        delivery_id bigint,
        clinic_id text,
        event_id uuid,
        event_type text,
        body text,
        created_at timestamptz,
        lease_token bigint,
        attempt_number integer,
        failure_count integer,
        url text,
        timeout_seconds integer,
        max_in_flight integer,
        retry_schedule integer[],
        secrets text[]
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
    v_alive_since constant timestamptz := v_now - interval '15 seconds';
begin
    return query
    with recursive visited (endpoint_id, next_attempt_at, n) as (
        (
            select d.endpoint_id, d.next_attempt_at, 1
            from outbound_webhooks.deliveries as d
            where d.parked_reason is null
                and d.endpoint_id > p_after_endpoint_id
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
            order by d.endpoint_id, d.next_attempt_at
            limit 1
        ) as following
        where v.n < 200
    ),
    room as materialized (
        select
            e.id,
            e.url,
            e.timeout_seconds,
            least(e.max_in_flight, p_share) as max_in_flight,
            e.retry_schedule,
            least(e.max_in_flight, p_share) - coalesce(busy.in_flight, 0) as free,
            (
                select array_agg(coalesce(s.sealed, s.secret) order by s.id desc)
                from outbound_webhooks.endpoint_secrets as s
                where s.endpoint_id = e.id
                    and (s.valid_until is null or s.valid_until > v_now)
            ) as secrets
        from visited as v
        join outbound_webhooks.endpoints as e on e.id = v.endpoint_id
        left join unnest(p_busy_endpoint_ids, p_busy_counts) as busy (endpoint_id, in_flight)
            on busy.endpoint_id = e.id
        where v.next_attempt_at <= v_now
            and e.state = 'active'
            and least(e.max_in_flight, p_share) > coalesce(busy.in_flight, 0)
        order by v.endpoint_id
    ),
    pick as materialized (
        select due.*
        from room
        cross join lateral (
            select
                d.id, d.endpoint_id, d.clinic_id, d.attempt_count, d.lease_token, d.lease_owner, d.leased_at
            from outbound_webhooks.deliveries as d
            where d.endpoint_id = room.id
                and d.parked_reason is null
                and d.next_attempt_at <= v_now
                and (
                    d.lease_until is null
                    -- Not what the caller still has in hand: it knows the answer, or waits for it.
                    or (d.lease_until <= v_now and d.id <> all (p_held_ids))
                    -- The lease of a dead dispatcher is free at once. Who asks is not dead, whatever its heartbeat says.
                    or (
                        d.lease_owner <> p_dispatcher_id
                        and not exists (
                            select
                            from outbound_webhooks.dispatchers as owner
                            where owner.id = d.lease_owner
                                and owner.stopped_at is null
                                and owner.heartbeat_at > v_alive_since
                        )
                    )
                )
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
            limit room.free
            for update skip locked
        ) as due
        limit p_limit
    ),
    claimed as (
        update outbound_webhooks.deliveries as d
        set
            lease_owner = p_dispatcher_id,
            lease_token = nextval('outbound_webhooks.lease_tokens'),
            leased_at = v_now,
            lease_until = v_now + make_interval(secs => room.timeout_seconds) + p_lease_margin,
            attempt_count = d.attempt_count + 1
        from room
        where d.id = any (array(select pick.id from pick))
            and room.id = d.endpoint_id
        returning
            d.id, d.endpoint_id, d.clinic_id, d.event_id, d.created_at, d.lease_token, d.attempt_count,
            d.failure_count, room.url, room.timeout_seconds, room.max_in_flight, room.retry_schedule, room.secrets
    ),
    -- Whoever held the lease before never wrote a result: its request may have left the machine, so it has a row.
    lost as (
        insert into outbound_webhooks.attempts (
            delivery_id, lease_token, endpoint_id, clinic_id, number, reason, outcome, started_at, dispatcher_id
        )
        select
            p.id, p.lease_token, p.endpoint_id, p.clinic_id, p.attempt_count,
            case when p.attempt_count = 1 then 'first' else 'retry' end,
            'lost', p.leased_at, p.lease_owner
        from pick as p
        where p.lease_token is not null
    )
    select
        v.endpoint_id, c.id, c.clinic_id, c.event_id, e.type, e.body, c.created_at, c.lease_token,
        c.attempt_count, c.failure_count, c.url, c.timeout_seconds, c.max_in_flight, c.retry_schedule, c.secrets
    from visited as v
    left join claimed as c on c.endpoint_id = v.endpoint_id
    left join outbound_webhooks.events as e on e.id = c.event_id;
end
$$;

revoke execute on function outbound_webhooks.claim_deliveries(
    bigint, integer, bigint, bigint[], integer[], interval, integer, bigint[]
)
    from public;
grant execute on function outbound_webhooks.claim_deliveries(
    bigint, integer, bigint, bigint[], integer[], interval, integer, bigint[]
)
    to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.claim_deliveries(
    bigint, integer, bigint, bigint[], integer[], interval, integer, bigint[]
) is
    'Lease due deliveries to a dispatcher, at most what each endpoint has room for; takes over expired leases.';

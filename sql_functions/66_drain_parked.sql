-- drain_parked: make parked deliveries of active endpoints due again, oldest first, drain_rate a second.
-- Called by: settle_deliveries, every 2 s. It spreads next_attempt_at 10 s ahead at most, so that an endpoint that is
-- paused again has few to park again. A breaker whose probe is due gets one delivery, its oldest.
-- Locks: the flow of those endpoints, and the deliveries; skips what others hold. Returns how many it made due.
create or replace function outbound_webhooks.drain_parked(p_limit integer)
    returns bigint
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
as $$
declare
    v_now constant timestamptz := statement_timestamp();
    v_count bigint;
begin
    with flow as materialized (
        select f.*
        from outbound_webhooks.endpoint_flow as f
        join outbound_webhooks.endpoints as e on e.id = f.endpoint_id
        where e.state = 'active'
            and (f.breaker = 'closed' or (f.probe_at <= v_now and f.in_flight = 0))
            and exists (
                select
                from outbound_webhooks.deliveries as d
                where d.endpoint_id = f.endpoint_id
                    and d.parked_reason is not null
            )
        for no key update of f skip locked
    ),
    room as (
        select
            flow.*,
            greatest(flow.drained_until, v_now) as starts_at,
            case
                when flow.breaker <> 'closed' then 1
                else ceil(
                    flow.drain_rate * extract(epoch from v_now + interval '10 seconds' - greatest(flow.drained_until, v_now))
                )
            end as n
        from flow
    ),
    pick as materialized (
        select
            d.id,
            room.endpoint_id,
            room.starts_at
            + make_interval(secs => (row_number() over (partition by room.endpoint_id order by d.id) - 1.0) / room.drain_rate)
            as due_at
        from room
        cross join lateral (
            select d.id
            from outbound_webhooks.deliveries as d
            where d.endpoint_id = room.endpoint_id
                and d.parked_reason is not null
            order by d.id
            limit greatest(0, least(room.n, p_limit))
            for update skip locked
        ) as d
    ),
    drained as (
        update outbound_webhooks.endpoint_flow as f
        set drained_until = p.until
        from (
            select pick.endpoint_id, max(pick.due_at) + make_interval(secs => 1.0 / min(room.drain_rate)) as until
            from pick
            join room on room.endpoint_id = pick.endpoint_id
            group by pick.endpoint_id
        ) as p
        where f.endpoint_id = p.endpoint_id
    )
    update outbound_webhooks.deliveries as d
    set parked_reason = null, held_back = false, in_bulk = false, next_attempt_at = pick.due_at
    from pick
    where d.id = pick.id;
    get diagnostics v_count = row_count;
    return v_count;
end
$$;

revoke execute on function outbound_webhooks.drain_parked(integer) from public;
comment on function outbound_webhooks.drain_parked(integer) is
    'Make parked deliveries due again, at each endpoint''s drain rate.';

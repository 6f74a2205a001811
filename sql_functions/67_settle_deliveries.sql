-- settle_deliveries: bring waiting deliveries in line with the state of their endpoint, a bounded batch at a time.
-- paused, disabled, breaker open -> parked: kept, out of the claim's way; retired -> cancelled; active again -> due, oldest
-- first, as many a second as drain_rate says, some seconds ahead. A breaker that wants to probe gets its oldest delivery.
-- Of an open breaker only what is due before the probe is parked: what waits longer for its own retry goes on waiting,
-- or each opening would use up a step of its schedule.
-- Called by: the leader's maintenance. The claim looks at all of these states itself: this is tidiness, not safety.
-- Locks: the rows that it moves, the hours of retired endpoints, and the flow of endpoints that drain; skips what others
-- hold, but for what is cancelled. Returns how many it moved.
create or replace function outbound_webhooks.settle_deliveries(p_limit integer default 1000)
    returns bigint
    language plpgsql
    volatile
    security definer -- dispatchers move deliveries only through functions
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
as $$
declare
    v_now constant timestamptz := statement_timestamp();
    v_retired bigint;
    v_parked bigint;
begin
    -- First, as it is the only part that waits for others: it must not hold anything meanwhile.
    v_retired := outbound_webhooks.finish_deliveries(
        array(
            select d.id
            from outbound_webhooks.endpoints as e
            join outbound_webhooks.deliveries as d on d.endpoint_id = e.id
            where e.state = 'retired'
                and d.lease_token is null
            limit p_limit
        ),
        'cancelled', 'endpoint retired'
    );

    with pick as materialized (
        select d.id, case when e.state = 'active' then 'breaker' else e.state end as reason
        from outbound_webhooks.endpoints as e
        join outbound_webhooks.endpoint_flow as f on f.endpoint_id = e.id
        cross join lateral (
            select d.id
            from outbound_webhooks.deliveries as d
            where d.endpoint_id = e.id
                and d.parked_reason is null
                and d.lease_token is null
                and d.next_attempt_at <= case when e.state = 'active' then f.probe_at else 'infinity' end
            order by d.next_attempt_at, d.id
            limit p_limit
            for update skip locked
        ) as d
        where e.state in ('paused', 'disabled')
            or (e.state = 'active' and f.breaker = 'open' and f.probe_at > v_now)
        limit p_limit
    )
    update outbound_webhooks.deliveries as d
    set parked_reason = pick.reason
    from pick
    where d.id = pick.id;
    get diagnostics v_parked = row_count;

    return v_retired + v_parked + outbound_webhooks.drain_parked(p_limit);
end
$$;

revoke execute on function outbound_webhooks.settle_deliveries(integer) from public;
grant execute on function outbound_webhooks.settle_deliveries(integer) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.settle_deliveries(integer) is
    'Park, release or cancel waiting deliveries after their endpoint was paused, disabled, resumed or retired.';

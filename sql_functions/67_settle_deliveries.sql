-- settle_deliveries: bring waiting deliveries in line with the state of their endpoint, a bounded batch at a time.
-- paused, disabled -> parked (kept, and out of the claim's way); active again -> due; retired -> cancelled.
-- Called by: the leader's maintenance. The claim looks at the endpoint's state itself: this is tidiness, not safety.
-- Locks: the rows it moves; skips rows that others hold. Returns how many it moved: fewer than p_limit means done.
create or replace function outbound_webhooks.settle_deliveries(p_limit integer default 1000)
    returns bigint
    language plpgsql
    volatile
    security definer -- dispatchers move deliveries only through functions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_parked bigint;
    v_due bigint;
begin
    perform outbound_webhooks.expire_leases(p_limit);

    with pick as materialized (
        select d.id, e.state
        from outbound_webhooks.endpoints as e
        cross join lateral (
            select d.id
            from outbound_webhooks.deliveries as d
            where d.endpoint_id = e.id
                and d.parked_reason is null
                and d.lease_token is null
            order by d.next_attempt_at, d.id
            limit p_limit
            for update skip locked
        ) as d
        where e.state in ('paused', 'disabled')
        limit p_limit
    )
    update outbound_webhooks.deliveries as d
    set parked_reason = pick.state
    from pick
    where d.id = pick.id;
    get diagnostics v_parked = row_count;

    with pick as materialized (
        select d.id
        from outbound_webhooks.endpoints as e
        cross join lateral (
            select d.id
            from outbound_webhooks.deliveries as d
            where d.endpoint_id = e.id
                and d.parked_reason is not null
            order by d.id
            limit p_limit
            for update skip locked
        ) as d
        where e.state = 'active'
        limit p_limit
    )
    update outbound_webhooks.deliveries as d set parked_reason = null from pick where d.id = pick.id;
    get diagnostics v_due = row_count;

    return v_parked + v_due + outbound_webhooks.finish_deliveries(
        array(
            select d.id
            from outbound_webhooks.endpoints as e
            join outbound_webhooks.deliveries as d on d.endpoint_id = e.id
            where e.state = 'retired'
            limit p_limit
        ),
        'cancelled', 'endpoint retired'
    );
end
$$;

revoke execute on function outbound_webhooks.settle_deliveries(integer) from public;
grant execute on function outbound_webhooks.settle_deliveries(integer) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.settle_deliveries(integer) is
    'Park, release or cancel waiting deliveries after their endpoint was paused, disabled, resumed or retired.';

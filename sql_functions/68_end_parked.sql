-- end_parked: what is parked too long, or too many of one endpoint, is dead, with that reason: settings.parked_max_age
-- (since its retry, if it was retried), settings.parked_max_count (the oldest go). Kept among the finished deliveries, and
-- told (tell_operations), as every dead one.
-- Called by: the leader's maintenance, once a minute. Locks: those rows, and then their endpoints' flow. Returns how many
-- it ended; 0 means done.
create or replace function outbound_webhooks.end_parked(p_limit integer default 1000)
    returns bigint
    language plpgsql
    volatile
    security definer -- dispatchers move deliveries only through functions
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
as $$
declare
    v_old bigint[];
    v_many bigint[];
    v_age interval;
    v_max integer;
    v_dead bigint;
    v_now constant timestamptz := clock_timestamp();
begin
    select g.parked_max_age, g.parked_max_count into v_age, v_max from outbound_webhooks.settings as g;

    v_old := array(
        select d.id
        from outbound_webhooks.endpoint_flow as f
        cross join lateral (
            select d.id, coalesce(d.retried_at, d.created_at) as due_since
            from outbound_webhooks.deliveries as d
            where d.endpoint_id = f.endpoint_id
                and d.parked_reason is not null
            order by d.id
            limit p_limit
        ) as d
        where d.due_since < statement_timestamp() - v_age
        limit p_limit
    );
    v_dead := outbound_webhooks.finish_deliveries(v_old, 'dead', format('parked for longer than %s', v_age));

    v_many := array(
        select d.id
        from outbound_webhooks.endpoint_flow as f
        cross join lateral (
            select d.id
            from outbound_webhooks.deliveries as d
            where d.endpoint_id = f.endpoint_id
                and d.parked_reason is not null
            order by d.id desc
            offset v_max
            limit p_limit
        ) as d
        limit p_limit
    );
    v_dead := v_dead + outbound_webhooks.finish_deliveries(v_many, 'dead', format('more than %s parked', v_max));

    with died as (
        select d.endpoint_id, count(*)::integer as n
        from outbound_webhooks.finished_deliveries as d
        join outbound_webhooks.events as e on e.id = d.event_id
        where d.id = any (v_old || v_many)
            and d.state = 'dead'
            and d.finished_at >= v_now
            and e.resource not in ('endpoint', 'delivery') -- what an operational event meets causes no other one
        group by d.endpoint_id
    ),
    held as materialized (
        select f.endpoint_id
        from outbound_webhooks.endpoint_flow as f
        where f.endpoint_id in (select died.endpoint_id from died)
        order by f.endpoint_id
        for no key update
    )
    update outbound_webhooks.endpoint_flow as f
    set dead_untold = f.dead_untold + died.n
    from held
    join died on died.endpoint_id = held.endpoint_id
    where f.endpoint_id = held.endpoint_id;
    return v_dead;
end
$$;

revoke execute on function outbound_webhooks.end_parked(integer) from public;
grant execute on function outbound_webhooks.end_parked(integer) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.end_parked(integer) is
    'End parked deliveries that are too old or too many, as dead, with that reason.';

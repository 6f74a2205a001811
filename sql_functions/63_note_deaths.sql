-- note_deaths: deliveries died without an attempt: they are to be told (tell_operations), as every dead one.
-- Called by: finish_deliveries. Locks: their endpoints' flow, in the order of the endpoints.
create or replace function outbound_webhooks.note_deaths(p_finished outbound_webhooks.finished_deliveries[])
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    with died as (
        select d.endpoint_id, count(*)::integer as n
        from unnest(p_finished) as d
        join outbound_webhooks.events as e on e.id = d.event_id
        where e.resource not in ('endpoint', 'delivery', 'webhook') -- what an operational event meets causes no other one
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
end
$$;

revoke execute on function outbound_webhooks.note_deaths(outbound_webhooks.finished_deliveries[]) from public;
comment on function outbound_webhooks.note_deaths(outbound_webhooks.finished_deliveries[]) is
    'Count dead deliveries that are still to be told.';

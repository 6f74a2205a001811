-- end_parked: what is parked too long, or too many of one endpoint, is dead, with that reason: settings.parked_max_age
-- (since its retry, if it was retried), settings.parked_max_count (the oldest go). Kept among the finished deliveries, and
-- told (tell_operations), as every dead one.
-- Called by: the leader's maintenance, once a minute. Locks: those rows, and then their endpoints' hours and flow, all in
-- one call of finish_deliveries: two would lock endpoints in two orders. Returns how many it ended; 0 means done.
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
begin
    select g.parked_max_age, g.parked_max_count into v_age, v_max from outbound_webhooks.settings as g;

    v_old := array(
        select d.id
        from outbound_webhooks.endpoint_flow as f
        cross join lateral (
            select d.id
            from outbound_webhooks.deliveries as d
            where d.endpoint_id = f.endpoint_id
                and d.parked_reason is not null
                and coalesce(d.retried_at, d.created_at) < statement_timestamp() - v_age
            order by d.id
            limit p_limit
        ) as d
        limit p_limit
    );
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
        where d.id <> all (v_old)
        limit p_limit
    );
    return outbound_webhooks.finish_deliveries(
        v_old || v_many,
        'dead',
        variadic array_fill(format('parked for longer than %s', v_age), array[cardinality(v_old)])
        || array_fill(format('more than %s parked', v_max), array[cardinality(v_many)])
    );
end
$$;

revoke execute on function outbound_webhooks.end_parked(integer) from public;
grant execute on function outbound_webhooks.end_parked(integer) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.end_parked(integer) is
    'End parked deliveries that are too old or too many, as dead, with that reason.';

-- end_parked: what is parked too long, or too many of one endpoint, is dead, with that reason: settings.parked_max_age,
-- settings.parked_max_count (the oldest go). Kept among the finished deliveries, as every dead one.
-- Called by: the leader's maintenance, once a minute. Locks: those rows. Returns how many it ended; fewer than p_limit
-- means done.
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
begin
    select g.parked_max_age, g.parked_max_count into v_age, v_max from outbound_webhooks.settings as g;

    v_old := array(
        select d.id
        from outbound_webhooks.endpoint_flow as f
        cross join lateral (
            select d.id, d.created_at
            from outbound_webhooks.deliveries as d
            where d.endpoint_id = f.endpoint_id
                and d.parked_reason is not null
            order by d.id
            limit p_limit
        ) as d
        where d.created_at < statement_timestamp() - v_age
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
    return v_dead + outbound_webhooks.finish_deliveries(v_many, 'dead', format('more than %s parked', v_max));
end
$$;

revoke execute on function outbound_webhooks.end_parked(integer) from public;
grant execute on function outbound_webhooks.end_parked(integer) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.end_parked(integer) is
    'End parked deliveries that are too old or too many, as dead, with that reason.';

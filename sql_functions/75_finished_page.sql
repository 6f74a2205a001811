-- finished_page: the next finished deliveries behind where a replay is, by id, and what is to be done with each.
-- Called by: count_selected, replay_batch. Locks: the partitions it reads, so that none goes before the caller commits.
-- A page is bounded by what is looked at, not by what is found: no call takes long. One that died, or succeeded, since
-- the replay began is not in it: nothing is replayed twice.
-- is_selected: it is meant; a test never is, as another one can be sent. obstacle: why it cannot be sent now. is_crowded:
-- its endpoint has enough to do.
create or replace function outbound_webhooks.finished_page(p_replay outbound_webhooks.replays, p_page integer)
    returns table (
        id bigint,
        state text,
        finished_at timestamptz,
        endpoint_id bigint,
        is_selected boolean,
        obstacle text,
        is_crowded boolean
    )
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
    set jit = off
    set plan_cache_mode = force_custom_plan -- what is not asked for drops out of the conditions
as $$
#variable_conflict use_column
begin
    return query
    with page as materialized (
        select f.*
        from outbound_webhooks.finished_deliveries as f
        where f.id > p_replay.after_delivery_id
            and f.finished_at < p_replay.started_at
            and (p_replay.endpoint_id is null or f.endpoint_id = p_replay.endpoint_id)
            and (p_replay.delivery_state is null or f.state = p_replay.delivery_state)
        order by f.id
        limit p_page
    ),
    target as materialized (
        select
            e.id,
            case when e.state <> 'active' then 'endpoint ' || e.state end as obstacle,
            outbound_webhooks.is_crowded(e, p_replay.rate) as is_crowded
        from outbound_webhooks.endpoints as e
        where e.id = any (array(select page.endpoint_id from page))
    )
    select
        p.id,
        p.state,
        p.finished_at,
        p.endpoint_id,
        coalesce(
            outbound_webhooks.selects_event(p_replay, p.clinic_id, p.event_id, v.type, v.resource, v.resource_id)
            and v.type is distinct from 'webhook.test'
            and (p_replay.error_class is null or p.last_error_class = p_replay.error_class),
            false
        ),
        coalesce(t.obstacle, case when v.id is null then 'event gone' end),
        t.is_crowded
    from page as p
    join target as t on t.id = p.endpoint_id
    left join outbound_webhooks.events as v on v.id = p.event_id
    order by p.id;
end
$$;

revoke execute on function outbound_webhooks.finished_page(outbound_webhooks.replays, integer) from public;
comment on function outbound_webhooks.finished_page(outbound_webhooks.replays, integer) is
    'The next finished deliveries that a replay has to look at.';

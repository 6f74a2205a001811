-- owed_page: the next events behind where a reevaluation is, by id, each with the endpoints of today that ask for it and
-- have no delivery of it, whatever became of that. An event that is owed to nobody has one row, without an endpoint.
-- Where a delivery may have been, and be gone, none is owed: only to an endpoint that was created since.
-- Called by: count_selected, reevaluate_batch. Locks: the partitions it reads, so that none goes before the caller commits.
-- The subscription is judged as insert_event does it. Operational events are not told anew, nor is a test.
-- A page is bounded by the events that are looked at: no call takes long.
create or replace function outbound_webhooks.owed_page(p_replay outbound_webhooks.replays, p_page integer)
    returns table (event_id uuid, endpoint_id bigint, is_crowded boolean)
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
declare
    v_first constant uuid := outbound_webhooks.uuid_v7_floor(coalesce(p_replay.since, 'epoch'));
    v_end constant uuid := outbound_webhooks.uuid_v7_floor(
        least(p_replay.until, p_replay.started_at + interval '1 ms') -- ids have no more of the time than that
    );
    v_known_since constant timestamptz := outbound_webhooks.deliveries_known_since();
begin
    return query
    with page as materialized (
        select e.id, e.clinic_id, e.type, e.resource, e.resource_id, e.body
        from outbound_webhooks.events as e
        where e.id >= v_first
            and e.id < v_end
            and (p_replay.after_event_id is null or e.id > p_replay.after_event_id)
        order by e.id
        limit p_page
    ),
    owed as materialized (
        select p.id as event_id, n.id as endpoint_id
        from page as p
        join outbound_webhooks.endpoints as n on n.clinic_id = p.clinic_id
        where outbound_webhooks.selects_event(p_replay, p.clinic_id, p.id, p.type, p.resource, p.resource_id)
            and p.resource not in ('endpoint', 'delivery', 'webhook')
            and (p_replay.endpoint_id is null or n.id = p_replay.endpoint_id)
            and n.state <> 'retired'
            and n.event_types && array['*', split_part(p.type, '.', 1) || '.*', p.type]
            and (p.id >= outbound_webhooks.uuid_v7_floor(v_known_since) or n.created_at >= v_known_since)
            and not exists (
                select from outbound_webhooks.deliveries as d where d.event_id = p.id and d.endpoint_id = n.id
            )
            and not exists (
                select from outbound_webhooks.finished_deliveries as f where f.event_id = p.id and f.endpoint_id = n.id
            )
            and (n.filter is null or outbound_webhooks.matches_now(p.body, n.filter))
    ),
    target as materialized (
        select e.id, outbound_webhooks.is_crowded(e, p_replay.rate) as is_crowded
        from outbound_webhooks.endpoints as e
        where e.id = any (array(select owed.endpoint_id from owed))
    )
    select p.id, o.endpoint_id, t.is_crowded
    from page as p
    left join owed as o on o.event_id = p.id
    left join target as t on t.id = o.endpoint_id
    order by p.id, o.endpoint_id;
end
$$;

revoke execute on function outbound_webhooks.owed_page(outbound_webhooks.replays, integer) from public;
comment on function outbound_webhooks.owed_page(outbound_webhooks.replays, integer) is
    'The next past events that a reevaluation has to look at, and to whom each is owed.';

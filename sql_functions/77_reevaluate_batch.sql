-- reevaluate_batch: the next deliveries that past events owe are made, p_room at most, the first due at p_from.
-- Called by: advance_replay. Locks: that no other reevaluation looks at the same time, or two could make one delivery each
-- of an event for one endpoint. It looks at p_page events, and stops before the first endpoint that has enough to do.
-- Returns the replay as it is after that: the event behind which it goes on is one that owes nothing more.
create or replace function outbound_webhooks.reevaluate_batch(
    p_replay outbound_webhooks.replays,
    p_from timestamptz,
    p_room integer,
    p_page integer
)
    returns outbound_webhooks.replays
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_seen integer := 0;
    v_is_cut boolean := false;
    v_event_id uuid;
    v_row record;
    v_event_ids uuid[] := '{}';
    v_endpoint_ids bigint[] := '{}';
begin
    perform pg_advisory_xact_lock(hashtextextended('outbound_webhooks.reevaluate', 0));
    for v_row in select p.* from outbound_webhooks.owed_page(p_replay, p_page) as p loop
        if v_row.event_id is distinct from v_event_id then
            p_replay.after_event_id := coalesce(v_event_id, p_replay.after_event_id);
            v_event_id := v_row.event_id;
            v_seen := v_seen + 1;
        end if;
        if v_row.endpoint_id is not null then
            v_is_cut := v_row.is_crowded or cardinality(v_event_ids) >= p_room;
            exit when v_is_cut;
            v_event_ids := v_event_ids || v_row.event_id;
            v_endpoint_ids := v_endpoint_ids || v_row.endpoint_id;
        end if;
    end loop;

    perform outbound_webhooks.give_deliveries(v_event_ids, v_endpoint_ids, p_from, p_replay.rate);

    p_replay.moved := p_replay.moved + cardinality(v_event_ids);
    p_replay.spread_until := p_from + make_interval(secs => cardinality(v_event_ids)::double precision / p_replay.rate);
    if not v_is_cut then
        p_replay.after_event_id := coalesce(v_event_id, p_replay.after_event_id);
        p_replay.state := case when v_seen < p_page then 'done' else p_replay.state end;
    end if;
    return p_replay;
end
$$;

revoke execute on function outbound_webhooks.reevaluate_batch(outbound_webhooks.replays, timestamptz, integer, integer) from public;
comment on function outbound_webhooks.reevaluate_batch(outbound_webhooks.replays, timestamptz, integer, integer) is
    'Make the next deliveries that past events owe; returns the replay after that.';

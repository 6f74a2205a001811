-- replay_batch: the next finished deliveries of a replay become due, p_room at most, the first at p_from.
-- Called by: advance_replay. Locks: those deliveries; skips what another session retries. It looks at p_page of them,
-- and stops before the first whose endpoint has enough to do: a replay goes no faster than its slowest receiver.
-- Returns the replay as it is after that.
create or replace function outbound_webhooks.replay_batch(
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
    v_row record;
    v_ids bigint[] := '{}';
    v_states text[] := '{}';
    v_finished_at timestamptz[] := '{}';
begin
    for v_row in select p.* from outbound_webhooks.finished_page(p_replay, p_page) as p loop
        if v_row.is_selected and v_row.obstacle is not null then
            p_replay.skipped := p_replay.skipped || jsonb_build_object(
                v_row.obstacle, coalesce((p_replay.skipped ->> v_row.obstacle)::bigint, 0) + 1
            );
        elsif v_row.is_selected then
            v_is_cut := v_row.is_crowded or cardinality(v_ids) >= p_room;
            exit when v_is_cut;
            v_ids := v_ids || v_row.id;
            v_states := v_states || v_row.state;
            v_finished_at := v_finished_at || v_row.finished_at;
        end if;
        v_seen := v_seen + 1;
        p_replay.after_delivery_id := v_row.id;
    end loop;

    p_replay.moved := p_replay.moved
        + outbound_webhooks.return_deliveries(v_ids, v_states, v_finished_at, p_from, p_replay.rate, true);
    p_replay.spread_until := p_from + make_interval(secs => cardinality(v_ids)::double precision / p_replay.rate);
    if v_seen < p_page and not v_is_cut then
        p_replay.state := 'done';
    end if;
    return p_replay;
end
$$;

revoke execute on function outbound_webhooks.replay_batch(outbound_webhooks.replays, timestamptz, integer, integer) from public;
comment on function outbound_webhooks.replay_batch(outbound_webhooks.replays, timestamptz, integer, integer) is
    'Make the next finished deliveries of a replay due; returns the replay after that.';

-- advance_replay: one batch of a replay: as many as its rate allows for the next fifth of a second, p_limit at most, out
-- of the next p_limit.
-- Called by: the leader (dispatcher/pipeline/replay.py), ten times a second, in autocommit. So it survives every restart:
-- how far it is stands in its row. Locks: that row, the deliveries that it moves, and nothing that payments want.
-- Due times are spread, each behind the one before, also from batch to batch: that is what keeps the rate.
-- Returns no row if it does not run any more; look_again: more may be found at once, as this batch only looked.
create or replace function outbound_webhooks.advance_replay(p_replay_id bigint, p_limit integer)
    returns table (moved integer, skipped integer, state text, look_again boolean)
    language plpgsql
    volatile
    security definer -- dispatchers move deliveries only through functions
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_now constant timestamptz := clock_timestamp();
    v_before outbound_webhooks.replays;
    v_after outbound_webhooks.replays;
    v_from timestamptz;
    v_room integer;
begin
    select r.* into v_before from outbound_webhooks.replays as r where r.id = p_replay_id for update;
    if v_before.state is distinct from 'running' then
        return;
    end if;
    v_from := greatest(v_before.spread_until, v_now);
    v_room := least(p_limit, ceil(v_before.rate * extract(epoch from v_now + interval '0.2 s' - v_from)));
    if v_room < 1 then
        return query select 0, 0, v_before.state, false;
        return;
    end if;

    v_after := case v_before.kind
        when 'replay' then outbound_webhooks.replay_batch(v_before, v_from, v_room, p_limit)
        else outbound_webhooks.reevaluate_batch(v_before, v_from, v_room, p_limit)
    end;
    update outbound_webhooks.replays as r
    set
        state = v_after.state,
        state_changed_at = case when v_after.state <> r.state then v_now else r.state_changed_at end,
        moved = v_after.moved,
        skipped = v_after.skipped,
        after_delivery_id = v_after.after_delivery_id,
        after_event_id = v_after.after_event_id,
        spread_until = v_after.spread_until
    where r.id = p_replay_id;
    if v_after.moved > v_before.moved then
        perform outbound_webhooks.ring_doorbell();
    end if;
    return query
    select
        (v_after.moved - v_before.moved)::integer,
        (outbound_webhooks.skipped_count(v_after) - outbound_webhooks.skipped_count(v_before))::integer,
        v_after.state,
        v_after.state = 'running' and (v_after.after_delivery_id, v_after.after_event_id)
            is distinct from (v_before.after_delivery_id, v_before.after_event_id);
end
$$;

revoke execute on function outbound_webhooks.advance_replay(bigint, integer) from public;
grant execute on function outbound_webhooks.advance_replay(bigint, integer) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.advance_replay(bigint, integer) is
    'Make the next deliveries of a replay due, as many as its rate allows now.';

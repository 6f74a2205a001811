-- start_replay: count what a replay is about, and unless that is all that was asked, begin it.
-- Called by: replay, reevaluate, with the row to be. Locks: an endpoint that is named, as a foreign key does.
-- Returns the id of the replay, null for a dry run or where there is nothing to do; and the count.
create or replace function outbound_webhooks.start_replay(p_replay outbound_webhooks.replays, p_dry_run boolean)
    returns table (replay_id bigint, deliveries bigint)
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_replay outbound_webhooks.replays := outbound_webhooks.check_selection(p_replay);
begin
    if p_replay.rate is null or p_replay.rate not between 1 and 10000 then
        raise exception 'the rate of a replay is 1 to 10000 deliveries a second, not %', coalesce(p_replay.rate::text, 'null')
            using errcode = 'invalid_parameter_value';
    end if;
    v_replay.started_at := clock_timestamp();
    v_replay.after_delivery_id := 0;
    v_replay.total := outbound_webhooks.count_selected(v_replay);
    deliveries := v_replay.total;

    if not p_dry_run and v_replay.total > 0 then
        insert into outbound_webhooks.replays (
            kind, endpoint_id, clinic_id, event_type, delivery_state, since, until, resource, resource_id, error_class,
            rate, total, started_at, actor
        )
        select
            v_replay.kind, v_replay.endpoint_id, v_replay.clinic_id, v_replay.event_type, v_replay.delivery_state,
            v_replay.since, v_replay.until, v_replay.resource, v_replay.resource_id, v_replay.error_class,
            v_replay.rate, v_replay.total, v_replay.started_at,
            nullif(current_setting('outbound_webhooks.actor', true), '')
        returning id into replay_id;
    end if;
    return next;
end
$$;

revoke execute on function outbound_webhooks.start_replay(outbound_webhooks.replays, boolean) from public;
comment on function outbound_webhooks.start_replay(outbound_webhooks.replays, boolean) is
    'Count what a replay is about, and begin it.';

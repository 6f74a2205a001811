-- set_replay_state: stop a replay, or let it go on.
-- Called by: stop_replay, resume_replay. Locks: the replay; a batch that is under way is waited for. One that is in the
-- state already is left as it is, without a line in the audit log. One that is done, not there, or of a clinic that the
-- caller does not see, is refused.
create or replace function outbound_webhooks.set_replay_state(p_replay_id bigint, p_state text)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_replay outbound_webhooks.replays;
begin
    select r.* into v_replay
    from outbound_webhooks.replays as r
    where r.id = p_replay_id
        and outbound_webhooks.caller_sees(r.clinic_id)
    for update;
    if not found then
        raise exception 'there is no replay %', p_replay_id
            using errcode = 'no_data_found', hint = 'Look for it in outbound_webhooks.replays.';
    elsif v_replay.state = 'done' then
        raise exception 'replay % is done', p_replay_id using errcode = 'object_not_in_prerequisite_state';
    elsif v_replay.state = p_state then
        return;
    end if;
    update outbound_webhooks.replays as r
    set state = p_state, state_changed_at = clock_timestamp()
    where r.id = p_replay_id;
end
$$;

revoke execute on function outbound_webhooks.set_replay_state(bigint, text) from public;
comment on function outbound_webhooks.set_replay_state(bigint, text) is 'Stop a replay, or let it go on.';

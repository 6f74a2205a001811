-- resume_replay: go on with a replay that was stopped.
-- Called by: DBAs, the admin API, `outbound-webhooks replay-resume`. Locks: the replay.
create or replace function outbound_webhooks.resume_replay(p_replay_id bigint)
    returns void
    language sql
    volatile
    security definer -- the admin role writes replays only through functions
    set search_path = pg_catalog, pg_temp
as $$
    select outbound_webhooks.set_replay_state(p_replay_id, 'running')
$$;

revoke execute on function outbound_webhooks.resume_replay(bigint) from public;
grant execute on function outbound_webhooks.resume_replay(bigint) to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.resume_replay(bigint) is 'Go on with a replay that was stopped.';

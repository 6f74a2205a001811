-- stop_replay: make nothing more due; resume_replay() goes on where it stopped.
-- Called by: DBAs, the admin API, `outbound-webhooks replay-stop`. Locks: the replay. What it made due, a fifth of a second ahead,
-- is sent; cancel_deliveries() would take it back.
create or replace function outbound_webhooks.stop_replay(p_replay_id bigint)
    returns void
    language sql
    volatile
    security definer -- the admin role writes replays only through functions
    set search_path = pg_catalog, pg_temp
as $$
    select outbound_webhooks.set_replay_state(p_replay_id, 'stopped')
$$;

revoke execute on function outbound_webhooks.stop_replay(bigint) from public;
grant execute on function outbound_webhooks.stop_replay(bigint) to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.stop_replay(bigint) is 'Stop a replay; resume_replay() goes on with it.';

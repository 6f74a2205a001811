-- stop_dispatcher: a dispatcher that ends in good order says so: its leases, if any are left, and its leadership are free.
-- Called by: dispatcher/pipeline/heartbeat.py at shutdown. Locks: its own row and the leadership.
create or replace function outbound_webhooks.stop_dispatcher(p_dispatcher_id bigint)
    returns void
    language sql
    volatile
    security definer -- dispatchers write their own registration only through functions
    set search_path = pg_catalog, pg_temp
as $$
    update outbound_webhooks.dispatchers set stopped_at = clock_timestamp() where id = p_dispatcher_id;
    update outbound_webhooks.leadership set held_until = clock_timestamp() where dispatcher_id = p_dispatcher_id;
$$;

revoke execute on function outbound_webhooks.stop_dispatcher(bigint) from public;
grant execute on function outbound_webhooks.stop_dispatcher(bigint) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.stop_dispatcher(bigint) is 'Note that a dispatcher stopped in good order.';

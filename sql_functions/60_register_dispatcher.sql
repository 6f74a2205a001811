-- register_dispatcher: a new row for a dispatcher that starts. Returns its id, the owner of its leases.
-- Called by: dispatcher/pipeline/heartbeat.py. Locks: nothing.
create or replace function outbound_webhooks.register_dispatcher(p_name text, p_version text, p_delivering boolean)
    returns bigint
    language sql
    volatile
    security definer -- dispatchers write their own registration only through functions
    set search_path = pg_catalog, pg_temp
as $$
    insert into outbound_webhooks.dispatchers (name, version, delivering)
    values (p_name, p_version, p_delivering)
    returning id
$$;

revoke execute on function outbound_webhooks.register_dispatcher(text, text, boolean) from public;
grant execute on function outbound_webhooks.register_dispatcher(text, text, boolean) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.register_dispatcher(text, text, boolean) is 'Register a starting dispatcher.';

-- register_dispatcher: a new row for a dispatcher that starts. Returns its id, the owner of its leases.
-- Called by: dispatcher/pipeline/heartbeat.py. Locks: nothing. Refuses one that would deliver from a database that is not
-- armed for its environment.
create or replace function outbound_webhooks.register_dispatcher(
    p_name text,
    p_version text,
    p_delivering boolean,
    p_environment text
)
    returns bigint
    language plpgsql
    volatile
    security definer -- dispatchers write their own registration only through functions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_id bigint;
begin
    if p_delivering then
        perform outbound_webhooks.refuse_unarmed(p_environment);
    end if;
    insert into outbound_webhooks.dispatchers (name, version, delivering, environment)
    values (p_name, p_version, p_delivering, p_environment)
    returning id into v_id;
    return v_id;
end
$$;

revoke execute on function outbound_webhooks.register_dispatcher(text, text, boolean, text) from public;
grant execute on function outbound_webhooks.register_dispatcher(text, text, boolean, text) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.register_dispatcher(text, text, boolean, text) is
    'Register a starting dispatcher; refused if it would deliver from a database that is not armed for it.';

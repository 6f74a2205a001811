-- refuse_unarmed: refuse a dispatcher that would deliver from a database that is not armed for its environment.
-- Called by: register_dispatcher, heartbeat. Locks: nothing.
create or replace function outbound_webhooks.refuse_unarmed(p_environment text)
    returns void
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_reason constant text := outbound_webhooks.why_unarmed(p_environment);
begin
    if v_reason is not null then
        raise exception 'nothing is sent from this database: %', v_reason
            using errcode = 'object_not_in_prerequisite_state',
                hint = 'If it is no copy that has to keep silent, and its endpoints are to be called from here: outbound-webhooks arm';
    end if;
end
$$;

revoke execute on function outbound_webhooks.refuse_unarmed(text) from public;
comment on function outbound_webhooks.refuse_unarmed(text) is
    'Refuse to deliver from a database that is not armed for an environment.';

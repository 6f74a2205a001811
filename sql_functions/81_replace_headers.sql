-- replace_headers: put headers of an endpoint in the place of those of these names, or of all if no names are given.
-- Called by: set_headers, set_authorization. Locks: the endpoint, against another replacement. No payment, claim or result
-- waits for that. Each header is held to the rules by guard_header.
create or replace function outbound_webhooks.replace_headers(p_endpoint_id bigint, p_names text[], p_headers jsonb)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_clinic_id text;
begin
    select e.clinic_id into v_clinic_id
    from outbound_webhooks.endpoints as e
    where e.id = p_endpoint_id
        and outbound_webhooks.caller_sees(e.clinic_id)
        and e.state <> 'retired'
    for no key update;
    if not found then
        perform outbound_webhooks.refuse_state(p_endpoint_id, 'given headers');
    end if;

    delete from outbound_webhooks.endpoint_headers as h
    where h.endpoint_id = p_endpoint_id
        and (p_names is null or h.name = any (p_names));
    insert into outbound_webhooks.endpoint_headers (clinic_id, endpoint_id, name, value)
    select v_clinic_id, p_endpoint_id, j.name, j.value #>> '{}'
    from jsonb_each(p_headers) as j (name, value);
end
$$;

revoke execute on function outbound_webhooks.replace_headers(bigint, text[], jsonb) from public;
comment on function outbound_webhooks.replace_headers(bigint, text[], jsonb) is
    'Put headers of an endpoint in the place of others.';

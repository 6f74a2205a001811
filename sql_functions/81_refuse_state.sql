-- refuse_state: why an endpoint cannot be brought into a state. One that is not the caller's is not there.
-- Called by: pause_endpoint, resume_endpoint, retire_endpoint, change_endpoint, rotate_secret, replace_headers.
-- Locks: nothing. Always raises.
create or replace function outbound_webhooks.refuse_state(p_endpoint_id bigint, p_state text)
    returns void
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_state constant text := (
        select e.state
        from outbound_webhooks.endpoints as e
        where e.id = p_endpoint_id
            and outbound_webhooks.caller_sees(e.clinic_id)
    );
begin
    if v_state is null then
        raise exception 'there is no endpoint %', p_endpoint_id using errcode = 'no_data_found';
    end if;
    raise exception 'endpoint % is %, and cannot be %', p_endpoint_id, v_state, p_state
        using errcode = 'object_not_in_prerequisite_state';
end
$$;

revoke execute on function outbound_webhooks.refuse_state(bigint, text) from public;
comment on function outbound_webhooks.refuse_state(bigint, text) is 'Say why an endpoint cannot be brought into a state.';

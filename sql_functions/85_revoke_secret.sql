-- revoke_secret: a signing key signs no more, from now on.
-- Called by: DBAs, the admin API, `outbound-webhooks revoke-secret`. What was claimed with it a moment ago may still
-- leave; within 2 s of the commit nothing does (may_start). A key that ended before is left as it is.
-- Locks: the endpoint, against a rotation or another revocation.
create or replace function outbound_webhooks.revoke_secret(p_secret_id bigint)
    returns void
    language plpgsql
    volatile
    security definer -- no role has a grant on endpoint_secrets
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_endpoint_id constant bigint := (
        select s.endpoint_id
        from outbound_webhooks.endpoint_secrets as s
        where s.id = p_secret_id
            and outbound_webhooks.caller_sees(s.clinic_id)
    );
    v_state text;
    v_now timestamptz;
    v_live bigint[];
begin
    if v_endpoint_id is null then
        raise exception 'there is no signing key %', p_secret_id
            using errcode = 'no_data_found', hint = 'list_secrets() has those of an endpoint.';
    end if;
    select e.state into v_state from outbound_webhooks.endpoints as e where e.id = v_endpoint_id for no key update;
    v_now := clock_timestamp(); -- after the lock: the keys that are there were made before
    v_live := array(
        select s.id
        from outbound_webhooks.endpoint_secrets as s
        where s.endpoint_id = v_endpoint_id
            and (s.valid_until is null or s.valid_until > v_now)
    );
    if v_live = array[p_secret_id] and v_state <> 'retired' then
        raise exception 'signing key % is the only one of endpoint %', p_secret_id, v_endpoint_id
            using errcode = 'object_not_in_prerequisite_state',
                hint = format(
                    'rotate_secret(%s, interval ''0'') makes a new one, and ends this one at once.', v_endpoint_id
                );
    end if;
    update outbound_webhooks.endpoint_secrets as s
    set valid_until = v_now
    where s.id = p_secret_id
        and s.id = any (v_live);
end
$$;

revoke execute on function outbound_webhooks.revoke_secret(bigint) from public;
grant execute on function outbound_webhooks.revoke_secret(bigint) to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.revoke_secret(bigint) is
    E'Revoke a signing key: no request that starts later than 2 seconds after the commit is signed with it. The only key '
    'of an endpoint that is not retired cannot be revoked: rotate it, with an overlap of 0.\n'
    'p_secret_id: its id, as rotate_secret() returned it and list_secrets() has it.';

-- revoke_api_key: an API key is refused from now on, and what it asked for is over: its portal sessions.
-- Called by: DBAs, the admin API, `outbound-webhooks api-keys revoke`. Locks: the key. One that is revoked stays as it is.
create or replace function outbound_webhooks.revoke_api_key(p_id bigint, p_clinic_id text default null)
    returns void
    language plpgsql
    volatile
    security definer -- no role has a grant on api_keys
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_key outbound_webhooks.api_keys;
begin
    select k.* into v_key
    from outbound_webhooks.api_keys as k
    where k.id = p_id
        and (p_clinic_id is null or k.clinic_id = p_clinic_id)
    for no key update;
    if not found then
        raise exception 'there is no API key %', p_id
            using errcode = 'no_data_found', hint = 'list_api_keys() has them.';
    end if;
    if v_key.revoked_at is not null then
        return;
    end if;
    update outbound_webhooks.api_keys as k
    set revoked_at = clock_timestamp(), revoked_by = outbound_webhooks.actor_name()
    where k.id = p_id;
end
$$;

revoke execute on function outbound_webhooks.revoke_api_key(bigint, text) from public;
grant execute on function outbound_webhooks.revoke_api_key(bigint, text) to outbound_webhooks_admin;
comment on function outbound_webhooks.revoke_api_key(bigint, text) is
    E'Revoke an API key: no request that begins after the commit is let in with it, or by a portal session that was asked '
    'for with it.\n'
    'p_id: its id.\n'
    'p_clinic_id: only if it is this clinic''s; whosever it is, if left out.';

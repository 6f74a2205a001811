-- list_api_keys: API keys, oldest first; never a key or its digest.
-- Called by: DBAs, the admin API, `outbound-webhooks api-keys list`. Locks: nothing.
create or replace function outbound_webhooks.list_api_keys(p_clinic_id text default null)
    returns table (
        api_key_id bigint, clinic_id text, role text, description text, is_live boolean,
        created_at timestamptz, created_by text, expires_at timestamptz, last_used_at timestamptz,
        revoked_at timestamptz, revoked_by text
    )
    language sql
    stable
    security definer -- no role has a grant on api_keys
    set search_path = pg_catalog, pg_temp
as $$
    select
        k.id, k.clinic_id, k.role, k.description,
        k.revoked_at is null and (k.expires_at is null or k.expires_at > statement_timestamp()),
        k.created_at, k.created_by, k.expires_at, k.last_used_at, k.revoked_at, k.revoked_by
    from outbound_webhooks.api_keys as k
    where p_clinic_id is null
        or k.clinic_id = p_clinic_id
    order by k.id
$$;

revoke execute on function outbound_webhooks.list_api_keys(text) from public;
grant execute on function outbound_webhooks.list_api_keys(text) to outbound_webhooks_admin;
comment on function outbound_webhooks.list_api_keys(text) is
    E'API keys, those that are revoked or expired, too; when each was used last, to the minute.\n'
    'p_clinic_id: only those of this clinic; all of them, operators'' too, if left out.';

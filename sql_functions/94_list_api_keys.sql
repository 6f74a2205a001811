-- list_api_keys: API keys, the newest first; never a key or its digest.
-- Called by: DBAs, the admin API, which reads them page by page, `outbound-webhooks api-keys list`. Locks: nothing.
create or replace function outbound_webhooks.list_api_keys(
    p_clinic_id text default null,
    p_before bigint default null,
    p_limit integer default null
)
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
    from (
        -- Each has its index, and one of them has no rows.
        (
            select a.*
            from outbound_webhooks.api_keys as a
            where p_clinic_id is null
                and a.id < coalesce(p_before, 9223372036854775807)
            order by a.id desc
            limit p_limit
        )
        union all
        (
            select c.*
            from outbound_webhooks.api_keys as c
            where c.clinic_id = p_clinic_id
                and c.id < coalesce(p_before, 9223372036854775807)
            order by c.id desc
            limit p_limit
        )
    ) as k
    order by k.id desc
$$;

revoke execute on function outbound_webhooks.list_api_keys(text, bigint, integer) from public;
grant execute on function outbound_webhooks.list_api_keys(text, bigint, integer) to outbound_webhooks_admin;
comment on function outbound_webhooks.list_api_keys(text, bigint, integer) is
    E'API keys, the newest first, those that are revoked or expired, too; when each was used last, to the minute.\n'
    'p_clinic_id: only those of this clinic; all of them, operators'' too, if left out.\n'
    'p_before: only those with a smaller id; for going on after a call that ended at p_limit.\n'
    'p_limit: how many, at most; all if left out.';

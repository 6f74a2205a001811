-- find_api_key: what is known of an API key; no row if there is none.
-- Called by: dispatcher/admin/operations/api_keys.py, for each request that names the id. Locks: nothing.
-- One that is revoked or has expired is found, too: so all refusals take the same work, and the program decides.
create or replace function outbound_webhooks.find_api_key(p_id bigint)
    returns table (digest bytea, clinic_id text, role text, is_live boolean, is_noted boolean)
    language sql
    stable
    security definer -- no role has a grant on api_keys
    set search_path = pg_catalog, pg_temp
as $$
    select
        k.digest,
        k.clinic_id,
        k.role,
        k.revoked_at is null and (k.expires_at is null or k.expires_at > statement_timestamp()),
        coalesce(k.last_used_at > statement_timestamp() - interval '1 minute', false)
    from outbound_webhooks.api_keys as k
    where k.id = p_id
$$;

revoke execute on function outbound_webhooks.find_api_key(bigint) from public;
grant execute on function outbound_webhooks.find_api_key(bigint) to outbound_webhooks_admin;
comment on function outbound_webhooks.find_api_key(bigint) is
    E'The digest, clinic and role of an API key, whether it is valid, and whether a use of it was noted within the last '
    'minute.\n'
    'p_id: its id, which stands in the key: owk_<id>_...';

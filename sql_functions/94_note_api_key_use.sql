-- note_api_key_use: an API key was used; once a minute at most.
-- Called by: dispatcher/admin/operations/api_keys.py, after the key was found to be right. Locks: the key; where somebody
-- else has it (another request notes the same) nothing is written.
create or replace function outbound_webhooks.note_api_key_use(p_id bigint)
    returns void
    language sql
    volatile
    security definer -- no role has a grant on api_keys
    set search_path = pg_catalog, pg_temp
as $$
    update outbound_webhooks.api_keys as k
    set last_used_at = clock_timestamp()
    where k.id = (
        select u.id
        from outbound_webhooks.api_keys as u
        where u.id = p_id
            and (u.last_used_at is null or u.last_used_at <= statement_timestamp() - interval '1 minute')
        for no key update skip locked
    )
$$;

revoke execute on function outbound_webhooks.note_api_key_use(bigint) from public;
grant execute on function outbound_webhooks.note_api_key_use(bigint) to outbound_webhooks_admin;
comment on function outbound_webhooks.note_api_key_use(bigint) is
    E'Note that an API key was used, unless that was noted within the last minute.\np_id: its id.';

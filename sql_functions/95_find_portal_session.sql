-- find_portal_session: the session that a cookie stands for, if it is not over; and note that it was seen.
-- Called by: dispatcher/admin/operations/portal.py, for each request with a cookie. Locks: the session, once a minute; where
-- somebody else has it (another request notes the same) nothing is written.
create or replace function outbound_webhooks.find_portal_session(
    p_session_digest bytea,
    p_idle interval,
    p_is_seen boolean default true
)
    returns table (portal_session_id bigint, user_id text, roles jsonb, is_operator boolean, api_key_id bigint)
    language plpgsql
    volatile
    security definer -- no role has a grant on portal_sessions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_found record;
begin
    select
        s.id, s.user_id, s.api_key_id, s.last_seen_at,
        -- Who signed in with a key is what the key is now.
        case
            when s.kind <> 'api_key' then s.roles
            when k.clinic_id is null then '{}'
            else jsonb_build_object(k.clinic_id, k.role)
        end as roles,
        case when s.kind <> 'api_key' then s.is_operator else k.clinic_id is null end as is_operator
    into v_found
    from outbound_webhooks.portal_sessions as s
    left join outbound_webhooks.api_keys as k on k.id = s.api_key_id -- a token's session has none
    where s.session_digest = p_session_digest
        and s.ends_at > v_now
        and s.last_seen_at > v_now - p_idle
        and k.revoked_at is null
        and (k.expires_at is null or k.expires_at > v_now);
    if not found then
        return;
    end if;
    if p_is_seen and v_found.last_seen_at <= v_now - interval '1 minute' then
        update outbound_webhooks.portal_sessions as s
        set last_seen_at = v_now
        where s.id = (
            select u.id from outbound_webhooks.portal_sessions as u where u.id = v_found.id for update skip locked
        );
    end if;
    return query select v_found.id, v_found.user_id, v_found.roles, v_found.is_operator, v_found.api_key_id;
end
$$;

revoke execute on function outbound_webhooks.find_portal_session(bytea, interval, boolean) from public;
grant execute on function outbound_webhooks.find_portal_session(bytea, interval, boolean) to outbound_webhooks_admin;
comment on function outbound_webhooks.find_portal_session(bytea, interval, boolean) is
    E'The portal session that a cookie stands for; no row if it is over, idle for too long, or '
    'unknown, or its API key is revoked or expired.\n'
    'p_session_digest: SHA-256 of what the cookie holds.\n'
    'p_idle: after how long without a request it is over.\n'
    'p_is_seen: whether this request keeps it awake; false for one that a page makes by itself.';

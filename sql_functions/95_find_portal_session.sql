-- find_portal_session: the session that a cookie stands for, if it is not over; and note that it was seen.
-- Called by: dispatcher/admin/operations/portal.py, for each request with a cookie. Locks: the session, once a minute; where
-- somebody else has it (another request notes the same) nothing is written.
create or replace function outbound_webhooks.find_portal_session(p_session_digest bytea, p_idle interval)
    returns table (portal_session_id bigint, user_id text, roles jsonb, is_operator boolean)
    language plpgsql
    volatile
    security definer -- no role has a grant on portal_sessions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_session outbound_webhooks.portal_sessions;
begin
    select s.* into v_session
    from outbound_webhooks.portal_sessions as s
    join outbound_webhooks.api_keys as k on k.id = s.api_key_id
    where s.session_digest = p_session_digest
        and s.ends_at > v_now
        and s.last_seen_at > v_now - p_idle
        and k.revoked_at is null
        and (k.expires_at is null or k.expires_at > v_now);
    if not found then
        return;
    end if;
    if v_session.last_seen_at <= v_now - interval '1 minute' then
        update outbound_webhooks.portal_sessions as s
        set last_seen_at = v_now
        where s.id = (
            select u.id from outbound_webhooks.portal_sessions as u where u.id = v_session.id for update skip locked
        );
    end if;
    return query select v_session.id, v_session.user_id, v_session.roles, v_session.is_operator;
end
$$;

revoke execute on function outbound_webhooks.find_portal_session(bytea, interval) from public;
grant execute on function outbound_webhooks.find_portal_session(bytea, interval) to outbound_webhooks_admin;
comment on function outbound_webhooks.find_portal_session(bytea, interval) is
    E'The portal session that a cookie stands for; no row if it is over, idle for too long, or '
    'unknown, or its API key is revoked or expired.\n'
    'p_session_digest: SHA-256 of what the cookie holds.\n'
    'p_idle: after how long without a request it is over.';

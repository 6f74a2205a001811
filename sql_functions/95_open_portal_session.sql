-- open_portal_session: exchange a one-time code for a session. Of two who come with the same code one gets it.
-- Called by: dispatcher/admin/operations/portal.py. Returns the session's id; null: the code is unknown, used, over, or its
-- API key revoked or expired. Locks: the row of the code; who waits for it finds it used.
create or replace function outbound_webhooks.open_portal_session(
    p_code_digest bytea,
    p_session_digest bytea,
    p_lifetime interval
)
    returns bigint
    language plpgsql
    volatile
    security definer -- no role has a grant on portal_sessions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_session outbound_webhooks.portal_sessions;
begin
    update outbound_webhooks.portal_sessions as s
    set session_digest = p_session_digest, opened_at = v_now, last_seen_at = v_now, ends_at = v_now + p_lifetime
    where s.code_digest = p_code_digest
        and s.session_digest is null
        and s.ends_at > v_now
        and exists (
            select
            from outbound_webhooks.api_keys as k
            where k.id = s.api_key_id
                and k.revoked_at is null
                and (k.expires_at is null or k.expires_at > v_now)
        )
    returning s.* into v_session;
    if found then
        perform outbound_webhooks.audit_portal_session('portal_session.opened', v_session);
    end if;
    return v_session.id;
end
$$;

revoke execute on function outbound_webhooks.open_portal_session(bytea, bytea, interval) from public;
grant execute on function outbound_webhooks.open_portal_session(bytea, bytea, interval) to outbound_webhooks_admin;
comment on function outbound_webhooks.open_portal_session(bytea, bytea, interval) is
    E'Exchange a one-time code for a session; returns its id, or null if the code does not open one (any more).\n'
    'p_code_digest: SHA-256 of the code.\n'
    'p_session_digest: SHA-256 of what the cookie will hold.\n'
    'p_lifetime: how long the session lasts at most.';

-- sign_in_with_key: a session for who showed an API key in a form. It is never more than the key: find_portal_session
-- reads from the key what it may, in each request.
-- Called by: dispatcher/admin/operations/sign_in.py, which has found the key to be right. Returns the session's id; null: the
-- key was revoked or expired in between. Locks: nothing.
create or replace function outbound_webhooks.sign_in_with_key(
    p_api_key_id bigint,
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
    insert into outbound_webhooks.portal_sessions as s
        (kind, api_key_id, roles, is_operator, session_digest, opened_at, last_seen_at, ends_at)
    select
        'api_key', k.id,
        case when k.clinic_id is null then '{}'::jsonb else jsonb_build_object(k.clinic_id, k.role) end,
        k.clinic_id is null, p_session_digest, v_now, v_now, least(v_now + p_lifetime, k.expires_at)
    from outbound_webhooks.api_keys as k
    where k.id = p_api_key_id
        and k.revoked_at is null
        and (k.expires_at is null or k.expires_at > v_now)
    returning s.* into v_session;
    if found then
        perform outbound_webhooks.audit_portal_session('portal_session.opened', v_session);
    end if;
    return v_session.id;
end
$$;

revoke execute on function outbound_webhooks.sign_in_with_key(bigint, bytea, interval) from public;
grant execute on function outbound_webhooks.sign_in_with_key(bigint, bytea, interval) to outbound_webhooks_admin;
comment on function outbound_webhooks.sign_in_with_key(bigint, bytea, interval) is
    E'A portal session for who has an API key; returns its id, or null if the key is not valid (any more). Only the program '
    'has use for it: it looks at the key, and makes the cookie.\n'
    'p_api_key_id: the key that was shown.\n'
    'p_session_digest: SHA-256 of what the cookie will hold.\n'
    'p_lifetime: how long the session lasts at most; never longer than the key.';

-- sign_in_with_token: a session for who showed a token of the host in a form.
-- Called by: dispatcher/admin/operations/sign_in.py, which has verified the token. Returns the session's id. Locks: nothing.
create or replace function outbound_webhooks.sign_in_with_token(
    p_user_id text,
    p_roles jsonb,
    p_is_operator boolean,
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
        (kind, user_id, roles, is_operator, session_digest, opened_at, last_seen_at, ends_at)
    values ('token', p_user_id, p_roles, p_is_operator, p_session_digest, v_now, v_now, v_now + p_lifetime)
    returning s.* into v_session;
    perform outbound_webhooks.audit_portal_session('portal_session.opened', v_session);
    return v_session.id;
end
$$;

revoke execute on function outbound_webhooks.sign_in_with_token(text, jsonb, boolean, bytea, interval) from public;
grant execute on function outbound_webhooks.sign_in_with_token(text, jsonb, boolean, bytea, interval)
    to outbound_webhooks_admin;
comment on function outbound_webhooks.sign_in_with_token(text, jsonb, boolean, bytea, interval) is
    E'A portal session for who has a token of the host; returns its id. Only the program has use for it: it verifies the '
    'token, and makes the cookie.\n'
    'p_user_id: the person whom the token names.\n'
    'p_roles: the role by clinic, {"clinic-1": "owner"}; {} for an operator.\n'
    'p_is_operator: whether it is an operator''s.\n'
    'p_session_digest: SHA-256 of what the cookie will hold.\n'
    'p_lifetime: how long the session lasts at most: no longer than the token.';

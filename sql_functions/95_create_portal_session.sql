-- create_portal_session: what a person may do for a while, and the one-time code by which they get to it.
-- Called by: dispatcher/admin/operations/portal.py, which has checked that the key may grant that. Locks: nothing.
create or replace function outbound_webhooks.create_portal_session(
    p_api_key_id bigint,
    p_user_id text,
    p_roles jsonb,
    p_is_operator boolean,
    p_code_digest bytea,
    p_code_lifetime interval
)
    returns table (portal_session_id bigint, code_ends_at timestamptz)
    language plpgsql
    volatile
    security definer -- no role has a grant on portal_sessions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_session outbound_webhooks.portal_sessions;
begin
    insert into outbound_webhooks.portal_sessions (kind, api_key_id, user_id, roles, is_operator, code_digest, ends_at)
    values (
        'link', p_api_key_id, p_user_id, p_roles, p_is_operator, p_code_digest, clock_timestamp() + p_code_lifetime
    )
    returning * into v_session;
    perform outbound_webhooks.audit_portal_session('portal_session.created', v_session);
    return query select v_session.id, v_session.ends_at;
end
$$;

revoke execute on function outbound_webhooks.create_portal_session(bigint, text, jsonb, boolean, bytea, interval)
    from public;
grant execute on function outbound_webhooks.create_portal_session(bigint, text, jsonb, boolean, bytea, interval)
    to outbound_webhooks_admin;
comment on function outbound_webhooks.create_portal_session(bigint, text, jsonb, boolean, bytea, interval) is
    E'A portal session that a one-time code opens; returns its id, and when the code ends. Only the program has use for '
    'it: it makes the code.\n'
    'p_api_key_id: who asks for it.\n'
    'p_user_id: the person, as the host calls them.\n'
    'p_roles: the role by clinic, {"clinic-1": "owner"}; {} for an operator.\n'
    'p_is_operator: whether it is an operator''s.\n'
    'p_code_digest: SHA-256 of the code.\n'
    'p_code_lifetime: how long the code can be used.';

-- audit_portal_session: a line of the audit log for each clinic that a portal session is about.
-- Called by: the functions that change one. Locks: nothing.
create or replace function outbound_webhooks.audit_portal_session(
    p_action text,
    p_session outbound_webhooks.portal_sessions
)
    returns void
    language sql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select outbound_webhooks.record_audit(
        p_action, r.clinic_id, 'portal session ' || p_session.id,
        jsonb_build_object('user', p_session.user_id, 'role', r.role, 'api_key', p_session.api_key_id, 'kind', p_session.kind)
    )
    from (
        select e.key, e.value from jsonb_each_text(p_session.roles) as e
        union all
        select null, 'operator' where p_session.is_operator
    ) as r (clinic_id, role)
$$;

revoke execute on function outbound_webhooks.audit_portal_session(text, outbound_webhooks.portal_sessions) from public;
comment on function outbound_webhooks.audit_portal_session(text, outbound_webhooks.portal_sessions) is
    'Write into the audit log what became of a portal session.';

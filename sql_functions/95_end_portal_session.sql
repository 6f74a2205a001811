-- end_portal_session: a logout.
-- Called by: dispatcher/admin/operations/portal.py. Locks: the session. One that is over stays as it is.
create or replace function outbound_webhooks.end_portal_session(p_id bigint)
    returns void
    language plpgsql
    volatile
    security definer -- no role has a grant on portal_sessions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_session outbound_webhooks.portal_sessions;
begin
    update outbound_webhooks.portal_sessions as s
    set ends_at = clock_timestamp()
    where s.id = p_id
        and s.ends_at > clock_timestamp()
    returning s.* into v_session;
    if found then
        perform outbound_webhooks.audit_portal_session('portal_session.ended', v_session);
    end if;
end
$$;

revoke execute on function outbound_webhooks.end_portal_session(bigint) from public;
grant execute on function outbound_webhooks.end_portal_session(bigint) to outbound_webhooks_admin;
comment on function outbound_webhooks.end_portal_session(bigint) is
    E'End a portal session: the next request with its cookie is refused.\n'
    'p_id: its id, as the audit log has it.';

-- end_portal_sessions: a logout everywhere: a portal session, and all others that are known to be the same person's.
-- A name alone does not say that: whoever holds an API key of some clinic can have a link made in any name. So they are
-- those that the same key made links for, in the same name; or those of the same key; or those of tokens for the same user.
-- Called by: dispatcher/admin/operations/portal.py. Returns how many ended. Locks: these sessions, in the order of their
-- ids; one that was ended in the meantime stays as it is. Links that wait for their code to be used end, too.
create or replace function outbound_webhooks.end_portal_sessions(p_id bigint)
    returns integer
    language plpgsql
    volatile
    security definer -- no role has a grant on portal_sessions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_session outbound_webhooks.portal_sessions;
    v_ended integer := 0;
begin
    for v_session in
        with alike as (
            select s.id
            from outbound_webhooks.portal_sessions as s
            join outbound_webhooks.portal_sessions as own on own.id = p_id
            where s.kind = own.kind
                and s.api_key_id is not distinct from own.api_key_id
                and s.user_id is not distinct from own.user_id
                and s.ends_at > v_now
            order by s.id
            for no key update of s
        )
        update outbound_webhooks.portal_sessions as s
        set ends_at = v_now
        from alike as a
        where s.id = a.id
        returning s.*
    loop
        perform outbound_webhooks.audit_portal_session('portal_session.ended', v_session);
        v_ended := v_ended + 1;
    end loop;
    return v_ended;
end
$$;

revoke execute on function outbound_webhooks.end_portal_sessions(bigint) from public;
grant execute on function outbound_webhooks.end_portal_sessions(bigint) to outbound_webhooks_admin;
comment on function outbound_webhooks.end_portal_sessions(bigint) is
    E'End a portal session and all others of the same person; returns how many. They are those that the same API key had '
    'made in the same name, those in which somebody signed in with the same key, or those of tokens for the same user.\n'
    'p_id: the id of one of them, as the audit log has it.';

-- caller_sees: may who called a function of ours know of this clinic, and act for it?
-- Called by: the definer functions that outbound_webhooks_clinic may call: inside of them row-level security shows what
-- the owner sees. Locks: nothing. It is asked before a row is locked, so that nobody waits for what is not theirs.
-- The caller is the role that the session works as, which a definer function does not change, or else the login. Who has
-- the rights of outbound_webhooks_admin or _owner sees all clinics; everybody else those that the transaction names in
-- outbound_webhooks.clinics, also a role that was granted such a function by name.
create or replace function outbound_webhooks.caller_sees(p_clinic_id text)
    returns boolean
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when pg_has_role(caller.role, 'outbound_webhooks_admin', 'usage')
            or pg_has_role(caller.role, 'outbound_webhooks_owner', 'usage')
            then true
        else coalesce(
            p_clinic_id = any (nullif(current_setting('outbound_webhooks.clinics', true), '')::text[]), false
        )
    end
    from (values (coalesce(nullif(current_setting('role'), 'none'), session_user)::name)) as caller (role)
$$;

revoke execute on function outbound_webhooks.caller_sees(text) from public;
comment on function outbound_webhooks.caller_sees(text) is 'Whether the caller of a function may act for a clinic.';

-- ensure_clinic_role: make clinic_role(), which says what a person is at a clinic, if it is not there.
-- Called by: migrations/post-apply-outbound-webhooks.py, after the folder was loaded. Locks: nothing.
-- One that is there stays, as it is the host's: it reads the host's own table of members. What we make knows nobody.
create or replace function outbound_webhooks.ensure_clinic_role()
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    if to_regprocedure('outbound_webhooks.clinic_role(text, text)') is not null then
        return;
    end if;
    create function outbound_webhooks.clinic_role(p_user_id text, p_clinic_id text)
        returns text
        language sql
        stable
        security invoker
    as 'select null::text';
    revoke execute on function outbound_webhooks.clinic_role(text, text) from public;
    comment on function outbound_webhooks.clinic_role(text, text) is
        E'What a person is at a clinic: owner, manager (capitals do, too), or null for nothing. Yours to replace, as a member of '
        'outbound_webhooks_owner: upgrades keep it. It is asked if OUTBOUND_WEBHOOKS_MEMBERSHIP is function, and runs '
        'as outbound_webhooks_owner, with pg_catalog in its path and nothing of the host''s: name the schemas.\n'
        'p_user_id: the person, as the host calls them.\n'
        'p_clinic_id: the clinic''s id, as the watched table has it.';
end
$$;

revoke execute on function outbound_webhooks.ensure_clinic_role() from public;
comment on function outbound_webhooks.ensure_clinic_role() is 'Create clinic_role() if it is not there.';

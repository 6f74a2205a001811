-- record_denied: one line of the audit log: what somebody tried, and was not allowed to do.
-- Called by: programs that work for people (the admin API), in a transaction of its own: that of the deed, if there was
-- one, is rolled back. What PostgreSQL denies, in psql say, is in the server's log. Locks: nothing.
create or replace function outbound_webhooks.record_denied(
    p_action text,
    p_clinic_id text,
    p_subject text,
    p_details jsonb default '{}'
)
    returns void
    language plpgsql
    volatile
    security definer -- no role writes the log itself
    set search_path = pg_catalog, pg_temp
as $$
begin
    if p_clinic_id is not null then
        perform outbound_webhooks.require_clinic(p_clinic_id);
    end if;
    insert into outbound_webhooks.audit_log (is_denied, clinic_id, action, subject, details)
    values (true, p_clinic_id, p_action, p_subject, p_details);
end
$$;

revoke execute on function outbound_webhooks.record_denied(text, text, text, jsonb) from public;
grant execute on function outbound_webhooks.record_denied(text, text, text, jsonb)
    to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.record_denied(text, text, text, jsonb) is
    E'Write into the audit log that something was tried and denied.\n'
    'p_action: what was tried, as endpoint.retire.\n'
    'p_clinic_id: the clinic of who tried; null if that is not known.\n'
    'p_subject: what it was to be done to: endpoint 7.\n'
    'p_details: what else is worth knowing; never a secret.';

-- record_audit: one line of the audit log: what somebody did, to what.
-- Called by: the functions by which people change something, in the transaction of the change. Locks: nothing.
-- Who did it is known: the database user and, where a program works for people and says so, the actor
-- (set_config('outbound_webhooks.actor', 'ana@clinic.example', true)). p_details must hold no secret.
create or replace function outbound_webhooks.record_audit(
    p_action text,
    p_clinic_id text,
    p_subject text,
    p_details jsonb default '{}'
)
    returns void
    language sql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    insert into outbound_webhooks.audit_log (actor, clinic_id, action, subject, details)
    values (nullif(current_setting('outbound_webhooks.actor', true), ''), p_clinic_id, p_action, p_subject, p_details)
$$;

revoke execute on function outbound_webhooks.record_audit(text, text, text, jsonb) from public;
comment on function outbound_webhooks.record_audit(text, text, text, jsonb) is 'Write a line of the audit log.';

-- record_audit: one line of the audit log: what somebody did, to what.
-- Called by: triggers on the tables that people change (audit_change, audit_replay), and functions by which they change
-- deliveries, in the transaction of the change. Locks: nothing.
-- Who did it is known: the database user and, where a program works for people and says so, the actor, the request and
-- the address: outbound_webhooks.actor, .request_id and .address, set for the transaction. p_details must hold no secret.
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
    insert into outbound_webhooks.audit_log (clinic_id, action, subject, details)
    values (p_clinic_id, p_action, p_subject, p_details)
$$;

revoke execute on function outbound_webhooks.record_audit(text, text, text, jsonb) from public;
comment on function outbound_webhooks.record_audit(text, text, text, jsonb) is 'Write a line of the audit log.';

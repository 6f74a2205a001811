-- attach_triggers: the triggers on our own tables. They need the functions of this folder, which migrations cannot have.
-- Called by: migrations/post-apply-outbound-webhooks.py, after the folder was loaded. Locks: SHARE ROW EXCLUSIVE on those
-- tables, which nobody writes while a payment waits; only where a trigger is missing.
create or replace function outbound_webhooks.attach_triggers()
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform outbound_webhooks.ensure_trigger(
        'endpoints', 'follow_endpoint', 'after insert or update of state', 'row', 'follow_endpoint()'
    );

    -- What may be written at all, whoever writes it.
    perform outbound_webhooks.ensure_trigger(
        'endpoints', 'check_endpoint_url', 'before insert or update of url', 'row', 'check_endpoint_url()'
    );
    perform outbound_webhooks.ensure_trigger(
        'endpoint_secrets', 'check_secret', 'before insert or update', 'row', 'check_secret()'
    );
    perform outbound_webhooks.ensure_trigger(
        'endpoint_headers', 'guard_header', 'before insert or update', 'row', 'guard_header()'
    );

    -- What people change: every change is a line in the audit log.
    perform outbound_webhooks.audit_table('endpoints', 'endpoint', '{}', '{state_changed_at,state_changed_by,created_at}');
    perform outbound_webhooks.audit_table('endpoint_secrets', 'signing_key', '{secret}', '{sealed,created_at}');
    perform outbound_webhooks.audit_table('endpoint_headers', 'header', '{value}', '{id,sealed,set_at}');
    perform outbound_webhooks.audit_table(
        'api_keys', 'api_key', '{digest}', '{last_used_at,created_at,created_by,revoked_by}'
    );
    perform outbound_webhooks.audit_table('event_types', 'event_type', '{}', '{source_id}');
    perform outbound_webhooks.audit_table(
        'event_sources', 'source', '{}',
        '{relation_oid,column_numbers,payload_hash,capture_changed_at,capture_changed_by,created_at}'
    );
    perform outbound_webhooks.audit_table(
        'settings', 'settings', '{}',
        '{singleton,capture_changed_at,capture_changed_by,delivery_changed_at,delivery_changed_by,delivering,delivering_since,armed_at,armed_by}'
    );
    perform outbound_webhooks.ensure_trigger(
        'replays', 'audit_replay', 'after insert or update of state', 'row', 'audit_replay()'
    );

    perform outbound_webhooks.ensure_trigger(
        'audit_log', 'refuse_audit_change', 'before update or truncate', 'statement', 'refuse_audit_change()'
    );
    perform outbound_webhooks.ensure_trigger('audit_log', 'refuse_audit_delete', 'before delete', 'row', 'refuse_audit_change()');
end
$$;

revoke execute on function outbound_webhooks.attach_triggers() from public;
comment on function outbound_webhooks.attach_triggers() is 'Create the triggers on our own tables that are missing.';

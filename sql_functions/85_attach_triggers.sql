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
    if not exists (
        select from pg_trigger as t
        where t.tgrelid = 'outbound_webhooks.endpoints'::regclass and t.tgname = 'follow_endpoint'
    ) then
        create trigger follow_endpoint
            after insert or update of state on outbound_webhooks.endpoints
            for each row execute function outbound_webhooks.follow_endpoint();
    end if;
    if not exists (
        select from pg_trigger as t
        where t.tgrelid = 'outbound_webhooks.endpoint_secrets'::regclass and t.tgname = 'check_secret'
    ) then
        create trigger check_secret
            before insert or update on outbound_webhooks.endpoint_secrets
            for each row execute function outbound_webhooks.check_secret();
    end if;
    if not exists (
        select from pg_trigger as t
        where t.tgrelid = 'outbound_webhooks.endpoint_headers'::regclass and t.tgname = 'guard_header'
    ) then
        create trigger guard_header
            before insert or update on outbound_webhooks.endpoint_headers
            for each row execute function outbound_webhooks.guard_header();
    end if;
    if not exists (
        select from pg_trigger as t
        where t.tgrelid = 'outbound_webhooks.audit_log'::regclass and t.tgname = 'refuse_audit_change'
    ) then
        create trigger refuse_audit_change
            before update or delete or truncate on outbound_webhooks.audit_log
            for each statement execute function outbound_webhooks.refuse_audit_change();
    end if;
end
$$;

revoke execute on function outbound_webhooks.attach_triggers() from public;
comment on function outbound_webhooks.attach_triggers() is 'Create the triggers on our own tables that are missing.';

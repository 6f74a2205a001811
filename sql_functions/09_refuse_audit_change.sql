-- refuse_audit_change: what stands in the audit log stays, for the owner and for superusers too.
-- Called by: a trigger on audit_log, before update, delete and truncate (attach_triggers). Locks: nothing. Always raises.
create or replace function outbound_webhooks.refuse_audit_change()
    returns trigger
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'the audit log is append-only: % is refused', lower(tg_op)
        using errcode = 'object_not_in_prerequisite_state';
end
$$;

revoke execute on function outbound_webhooks.refuse_audit_change() from public;
comment on function outbound_webhooks.refuse_audit_change() is 'Refuse to change or to remove lines of the audit log.';

-- refuse_audit_change: what stands in the audit log stays, for the owner and for superusers too: only a line that is
-- older than settings.audit_keep_days may be deleted, which is how retention purges it (purge_rows). Null: none ever.
-- Called by: triggers on audit_log, before update and truncate, and before a row is deleted (attach_triggers). They fire
-- in any session_replication_role. Locks: nothing.
create or replace function outbound_webhooks.refuse_audit_change()
    returns trigger
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'DELETE' then
        if old.at < (
            select clock_timestamp() - make_interval(days => g.audit_keep_days) from outbound_webhooks.settings as g
        ) then
            return old;
        end if;
    end if;
    raise exception 'the audit log is append-only: % is refused', lower(tg_op)
        using errcode = 'object_not_in_prerequisite_state';
end
$$;

revoke execute on function outbound_webhooks.refuse_audit_change() from public;
comment on function outbound_webhooks.refuse_audit_change() is
    'Refuse to change lines of the audit log, or to remove one before its days are over.';

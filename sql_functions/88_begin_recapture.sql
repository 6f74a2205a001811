-- begin_recapture: of those who mend what reconcile finds, one at a time looks and mends: what the one
-- before has made is there when the next one looks.
-- Called by: reconcile_rows, reconcile_events, before they look. Locks: an advisory lock, until the transaction ends. No
-- payment waits for it.
-- With one snapshot for the whole transaction the next one would not see it: refused.
create or replace function outbound_webhooks.begin_recapture()
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception 'what is missing is mended in READ COMMITTED only: another transaction may mend it at this moment'
            using errcode = 'object_not_in_prerequisite_state', hint = 'set transaction isolation level read committed';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('outbound_webhooks.reconcile', 0));
end
$$;

revoke execute on function outbound_webhooks.begin_recapture() from public;
comment on function outbound_webhooks.begin_recapture() is 'Let nobody else mend what reconcile finds until the transaction ends.';

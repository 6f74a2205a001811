-- written_here: was a row that is visible written by this transaction, or by a part of it that was not rolled back?
-- Called by: preview, with the row's xmin. Locks: nothing. A savepoint, and the block of a function that catches errors,
-- write under ids of their own, which are greater than the transaction's. What others wrote is visible once it is
-- committed, and in progress no more: so a visible row whose writer is in progress is ours.
-- Only for rows of about this time: an xmin has 32 bits, and that of an old row may have been given out again since.
create or replace function outbound_webhooks.written_here(p_xmin xid)
    returns boolean
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_own constant bigint := pg_current_xact_id_if_assigned()::text::bigint;
    v_ahead constant bigint := (p_xmin::text::bigint - v_own) & 4294967295;
begin
    -- Half of all ids are ahead, as PostgreSQL counts them, and half behind.
    return case when v_ahead < 2147483648 then pg_xact_status((v_own + v_ahead)::text::xid8) = 'in progress' else false end;
end
$$;

revoke execute on function outbound_webhooks.written_here(xid) from public;
comment on function outbound_webhooks.written_here(xid) is 'Whether this transaction wrote a row, by its xmin.';

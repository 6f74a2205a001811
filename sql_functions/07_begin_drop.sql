-- begin_drop: mark a partition that retention is about to detach. After a crash in between the mark tells it from a table
-- that a DBA detached: what is marked is dropped by the next round (retention_plan).
-- Called by: dispatcher/pipeline/retention.py, as the owner. Locks: SHARE UPDATE EXCLUSIVE on that partition.
create or replace function outbound_webhooks.begin_drop(p_partition text)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('comment on table outbound_webhooks.%I is %L', p_partition, 'Being dropped by retention.');
end
$$;

revoke execute on function outbound_webhooks.begin_drop(text) from public;
comment on function outbound_webhooks.begin_drop(text) is 'Mark a partition as one that retention drops.';

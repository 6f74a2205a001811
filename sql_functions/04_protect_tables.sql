-- protect_tables: row-level security for every table of ours that has a clinic_id, and for their partitions.
-- Called by: migrations/post-apply-outbound-webhooks.py, after the folder was loaded; DBAs, if the doctor says so.
-- Locks: see protect_table; nothing where all is as it should be.
create or replace function outbound_webhooks.protect_tables()
    returns void
    language sql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select outbound_webhooks.protect_table(c.oid)
    from pg_class as c
    join pg_attribute as a on a.attrelid = c.oid and a.attname = 'clinic_id' and not a.attisdropped
    where c.relnamespace = 'outbound_webhooks'::regnamespace
        and c.relkind in ('r', 'p')
        and (c.relispartition or c.relname !~ '_[0-9]{8}$') -- a day that was detached is dropped, or a DBA's
    order by c.oid
$$;

revoke execute on function outbound_webhooks.protect_tables() from public;
comment on function outbound_webhooks.protect_tables() is
    'Make what is missing of the row-level security of our tables. For members of outbound_webhooks_owner.';

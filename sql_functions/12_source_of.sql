-- source_of: the event source of a table: by our trigger on it, which a renamed table keeps; else by its name, if no
-- other table has the trigger: then it was dropped and made anew.
-- Called by: source_name, check_watchable, unwatch. Locks: nothing. Null if the table is not watched.
create or replace function outbound_webhooks.source_of(p_relation regclass)
    returns text
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select s.name
    from outbound_webhooks.event_sources as s
    left join pg_proc as p
        on p.pronamespace = 'outbound_webhooks'::regnamespace and p.proname = 'capture_' || s.name
    -- Not the clone that a partition gets of its parent's trigger: the source is the parent's.
    left join pg_trigger as t on t.tgfoid = p.oid and t.tgparentid = 0
    where t.tgrelid = p_relation
        or (t.oid is null and outbound_webhooks.relation_of(s) = p_relation)
    limit 1
$$;

revoke execute on function outbound_webhooks.source_of(regclass) from public;
comment on function outbound_webhooks.source_of(regclass) is 'The name of the event source of a table, or null.';

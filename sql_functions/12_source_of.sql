-- source_of: the event source of a table: by our trigger on it, which a renamed table keeps, else by its name.
-- Called by: watch, unwatch. Locks: nothing. Null if the table is not watched.
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
    left join pg_trigger as t on t.tgfoid = p.oid and t.tgrelid = p_relation and t.tgparentid = 0
    where t.oid is not null
        or to_regclass(format('%I.%I', s.relation_schema, s.relation_name)) = p_relation
    order by t.oid is null
    limit 1
$$;

revoke execute on function outbound_webhooks.source_of(regclass) from public;
comment on function outbound_webhooks.source_of(regclass) is 'The name of the event source of a table, or null.';

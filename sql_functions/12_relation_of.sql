-- relation_of: the table of a source, by its name; null if it is gone. Needs no right on the table's schema, as
-- to_regclass() would.
-- Called by: source_of, previous_expression, payload_definition, row_statement, doctor. Locks: nothing (reads the catalog).
create or replace function outbound_webhooks.relation_of(p_source outbound_webhooks.event_sources)
    returns regclass
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select c.oid::regclass
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = p_source.relation_schema
        and c.relname = p_source.relation_name
$$;

revoke execute on function outbound_webhooks.relation_of(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.relation_of(outbound_webhooks.event_sources) is 'The table of an event source.';

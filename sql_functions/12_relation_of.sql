-- relation_of: the table of a source, by its name; null if it is gone.
-- Called by: source_of, previous_expression, payload_definition, row_statement, doctor. Locks: nothing (reads the catalog).
create or replace function outbound_webhooks.relation_of(p_source outbound_webhooks.event_sources)
    returns regclass
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select outbound_webhooks.table_named(format('%I.%I', p_source.relation_schema, p_source.relation_name))
$$;

revoke execute on function outbound_webhooks.relation_of(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.relation_of(outbound_webhooks.event_sources) is 'The table of an event source.';

-- tables_read: the host's tables that a source reads: its own, and those of related rows; qualified and quoted.
-- Called by: capture_ddl, unwatch, doctor. Locks: nothing (reads the catalog).
create or replace function outbound_webhooks.tables_read(p_source outbound_webhooks.event_sources)
    returns setof text
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select format('%I.%I', p_source.relation_schema, p_source.relation_name)
    union
    select r ->> 'table' from jsonb_array_elements(p_source.related) as r
    order by 1
$$;

revoke execute on function outbound_webhooks.tables_read(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.tables_read(outbound_webhooks.event_sources) is
    'The tables of the host that an event source reads.';

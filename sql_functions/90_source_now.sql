-- source_now: a source with the table that it has now: the one with its triggers, which a renamed table keeps, else the
-- one of its name.
-- Called by: diagnose_source, diagnose_strays. Locks: nothing (reads the catalog). Its relation_oid is null if the table
-- is gone; its column_numbers are empty if the table is another one, where they say nothing.
create or replace function outbound_webhooks.source_now(p_source outbound_webhooks.event_sources)
    returns outbound_webhooks.event_sources
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now outbound_webhooks.event_sources := p_source;
begin
    select n.nspname, c.relname, c.oid
    into v_now.relation_schema, v_now.relation_name, v_now.relation_oid
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p')
        and (
            c.oid = p_source.relation_oid
            or (n.nspname = p_source.relation_schema and c.relname = p_source.relation_name)
        )
    order by
        not exists (
            select from pg_trigger as t
            where t.tgrelid = c.oid
                and t.tgfoid = to_regprocedure(format('outbound_webhooks.%I()', 'capture_' || p_source.name))
        ),
        n.nspname <> p_source.relation_schema or c.relname <> p_source.relation_name
    limit 1;
    if v_now.relation_oid is distinct from p_source.relation_oid then
        v_now.column_numbers := '{}';
    end if;
    return v_now;
end
$$;

revoke execute on function outbound_webhooks.source_now(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.source_now(outbound_webhooks.event_sources) is
    'A source with the table that it has now.';

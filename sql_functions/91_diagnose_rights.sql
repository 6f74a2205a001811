-- diagnose_rights: may outbound_webhooks_owner, as whom captures work, read the tables that a source reads?
-- Called by: diagnose_source. Locks: nothing (reads the catalog).
create or replace function outbound_webhooks.diagnose_rights(p_source outbound_webhooks.event_sources)
    returns table (severity text, code text, subject text, finding text, remedy text)
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select 'problem', g.code, 'source ' || p_source.name, g.finding, g.remedy
    from outbound_webhooks.tables_read(p_source) as t (name)
    join pg_class as c on c.oid = outbound_webhooks.table_named(t.name)
    join pg_namespace as n on n.oid = c.relnamespace
    cross join lateral (
        select
            'usage-missing',
            format('outbound_webhooks_owner may not use the schema %I, where it reads %s', n.nspname, t.name),
            format('grant usage on schema %I to outbound_webhooks_owner', n.nspname)
        where not has_schema_privilege('outbound_webhooks_owner', n.oid, 'usage')
        union all
        select
            'select-missing',
            format('outbound_webhooks_owner may not read %s', t.name),
            format('grant select on %s to outbound_webhooks_owner', t.name)
        where not has_table_privilege('outbound_webhooks_owner', c.oid, 'select')
    ) as g (code, finding, remedy)
$$;

revoke execute on function outbound_webhooks.diagnose_rights(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.diagnose_rights(outbound_webhooks.event_sources) is
    'Grants that a source lacks.';

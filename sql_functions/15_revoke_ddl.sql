-- revoke_ddl: the statements that take back what watch() granted for a source, as far as no source needs it any more.
-- Called by: capture_ddl, revoke_reads. Locks: nothing (reads the catalog). p_read: the tables that the source has read;
-- p_kept: those that it goes on reading.
-- What the caller cannot take back was not granted by watch().
create or replace function outbound_webhooks.revoke_ddl(p_source_name text, p_read text[], p_kept text[])
    returns setof text
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    with kept (name) as (
        select unnest(p_kept)
        union
        select t.name
        from outbound_webhooks.event_sources as s, outbound_webhooks.tables_read(s) as t (name)
        where s.name <> p_source_name
    ),
    no_longer as (
        select r.name, c.oid, c.relnamespace
        from unnest(p_read) as r (name)
        join pg_class as c on c.oid = outbound_webhooks.table_named(r.name)
    )
    select format('revoke select on %s from outbound_webhooks_owner', n.name)
    from no_longer as n
    where n.name not in (select k.name from kept as k)
        and has_table_privilege(n.oid, 'select with grant option')
    union all
    select distinct format('revoke usage on schema %s from outbound_webhooks_owner', n.relnamespace::regnamespace)
    from no_longer as n
    where n.relnamespace not in (
            select c.relnamespace
            from kept as k
            join pg_class as c on c.oid = outbound_webhooks.table_named(k.name)
        )
        and has_schema_privilege(n.relnamespace, 'usage with grant option')
$$;

revoke execute on function outbound_webhooks.revoke_ddl(text, text[], text[]) from public;
comment on function outbound_webhooks.revoke_ddl(text, text[], text[]) is
    'The DDL that takes back grants which no event source needs any more.';

-- table_named: the table of a qualified, quoted name, as tables_read() has it; null if it is gone. Needs no right on the
-- table's schema, as to_regclass() would.
-- Called by: pinned_settings, revoke_ddl, diagnose_rights, diagnose_row_security. Locks: nothing (reads the catalog).
create or replace function outbound_webhooks.table_named(p_name text)
    returns regclass
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select c.oid::regclass
    from pg_namespace as n
    join pg_class as c on c.relnamespace = n.oid
    where starts_with(p_name, quote_ident(n.nspname) || '.')
        and format('%I.%I', n.nspname, c.relname) = p_name
$$;

revoke execute on function outbound_webhooks.table_named(text) from public;
comment on function outbound_webhooks.table_named(text) is 'The table of a qualified and quoted name.';

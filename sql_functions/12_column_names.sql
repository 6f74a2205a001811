-- column_names: the columns of a table, in their order; for checks and for hints.
-- Called by: source_columns, check_columns. Locks: nothing (reads the catalog).
create or replace function outbound_webhooks.column_names(p_relation regclass)
    returns text[]
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(array_agg(a.attname::text order by a.attnum), '{}')
    from pg_attribute as a
    where a.attrelid = p_relation
        and a.attnum > 0
        and not a.attisdropped
$$;

revoke execute on function outbound_webhooks.column_names(regclass) from public;
comment on function outbound_webhooks.column_names(regclass) is 'The names of a table''s columns.';

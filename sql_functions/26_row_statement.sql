-- row_statement: dynamic SQL over rows of a watched table, by their keys: the rows in the order of the keys ($1).
-- Called by: emit_rows, preview_payload. Locks: nothing (reads the catalog). The key is compared in its own type, so
-- that the table's index is used, but without its modifier: a cast to varchar(5) would cut a key down to another row's.
-- p_select is what is asked of a row t.
create or replace function outbound_webhooks.row_statement(p_source outbound_webhooks.event_sources, p_select text)
    returns text
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select format(
        'select %s from unnest($1::text[]) with ordinality as k (key, n) join %I.%I as t on t.%I = k.key::%s order by k.n',
        p_select, p_source.relation_schema, p_source.relation_name, p_source.columns ->> 'id',
        format_type(a.atttypid, -1)
    )
    from pg_attribute as a
    where a.attrelid = outbound_webhooks.relation_of(p_source)
        and a.attname = p_source.columns ->> 'id'
$$;

revoke execute on function outbound_webhooks.row_statement(outbound_webhooks.event_sources, text) from public;
comment on function outbound_webhooks.row_statement(outbound_webhooks.event_sources, text) is
    'A statement over the rows of a watched table with given keys.';

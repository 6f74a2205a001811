-- row_schema: the JSON Schema of an object made of columns of one table.
-- Called by: event_schema. Locks: nothing (reads the catalog).
create or replace function outbound_webhooks.row_schema(p_relation regclass, p_columns jsonb, p_amounts text[])
    returns jsonb
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'type', 'object',
        'required', (select jsonb_agg(k order by k) from jsonb_object_keys(p_columns) as k),
        'properties', (
            select jsonb_object_agg(
                c.key, outbound_webhooks.field_schema(p_relation, c.key, c.value, c.key = any (p_amounts))
            )
            from jsonb_each_text(p_columns) as c
        )
    )
$$;

revoke execute on function outbound_webhooks.row_schema(regclass, jsonb, text[]) from public;
comment on function outbound_webhooks.row_schema(regclass, jsonb, text[]) is 'The JSON Schema of columns of one table.';

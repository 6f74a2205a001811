-- schema_example: a value that a JSON Schema of ours allows, from the examples of its fields.
-- Called by: catalogue_event_types. Locks: nothing.
create or replace function outbound_webhooks.schema_example(p_schema jsonb)
    returns jsonb
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when p_schema ? 'const' then p_schema -> 'const'
        when p_schema ? 'properties' then (
            select jsonb_object_agg(p.key, outbound_webhooks.schema_example(p.value))
            from jsonb_each(p_schema -> 'properties') as p
        )
        else coalesce(p_schema -> 'examples' -> 0, 'null')
    end
$$;

revoke execute on function outbound_webhooks.schema_example(jsonb) from public;
comment on function outbound_webhooks.schema_example(jsonb) is 'An example of what a JSON Schema describes.';

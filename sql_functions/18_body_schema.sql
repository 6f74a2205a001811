-- body_schema: the JSON Schema (2020-12) of the body of an event type, around that of its data.
-- Called by: event_schema, catalogue_operations. Locks: nothing. Fields may be added: receivers ignore unknown ones.
create or replace function outbound_webhooks.body_schema(p_type text, p_data jsonb)
    returns jsonb
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        '$schema', 'https://json-schema.org/draft/2020-12/schema',
        'title', p_type,
        'type', 'object',
        'required', '["type", "timestamp", "data"]'::jsonb,
        'properties', jsonb_build_object(
            'type', jsonb_build_object('const', p_type),
            'timestamp', '{"type": "string", "format": "date-time", "examples": ["2026-01-31T12:00:00.000000Z"]}'::jsonb,
            'data', p_data
        )
    )
$$;

revoke execute on function outbound_webhooks.body_schema(text, jsonb) from public;
comment on function outbound_webhooks.body_schema(text, jsonb) is 'The JSON Schema of a body, around that of its data.';

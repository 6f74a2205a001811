-- catalogue_operations: write into the catalogue what we emit ourselves: operational events, and test events.
-- Called by: migrations/post-apply-outbound-webhooks.py, so that it says what the functions that were just loaded write
-- (tell_operations, begin_test). Locks: the rows that change. What people described (describe_event_type) is left as it is.
create or replace function outbound_webhooks.catalogue_operations()
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into outbound_webhooks.event_types as t (name, description, schema, example, generated)
    select o.name, o.description, s.schema, outbound_webhooks.schema_example(s.schema), true
    from (values
        (
            'endpoint.disabled',
            'An endpoint was disabled: it answered 410, or only failed for days. Only who asks for it by name gets it.',
            '{"reason": {"type": "string", "examples": ["the receiver answered 410 Gone"]}}'::jsonb
        ),
        (
            'endpoint.recovered',
            'An endpoint delivers again that was disabled, or whose circuit breaker was open. Only who asks for it by name gets it.',
            '{"troubled_since": {"type": "string", "format": "date-time", "examples": ["2026-01-31T12:00:00+00:00"]}}'
        ),
        (
            'delivery.dead',
            'Deliveries to an endpoint died: how many, since it was told last. Only who asks for it by name gets it.',
            '{"deliveries": {"type": "integer", "minimum": 1, "examples": [3]}}'
        ),
        (
            'webhook.test',
            'Somebody tries an endpoint out. It gets that whatever it asks for.',
            '{}'
        )
    ) as o (name, description, fields)
    cross join lateral (values (
        o.fields || '{"endpoint_id": {"type": "string", "description": "the endpoint that it is about", "examples": ["7"]}}'
    )) as f (fields)
    cross join lateral (values (outbound_webhooks.body_schema(
        o.name,
        jsonb_build_object(
            'type', 'object',
            'required', (select jsonb_agg(k order by k) from jsonb_object_keys(f.fields) as k),
            'properties', f.fields
        )
    ))) as s (schema)
    on conflict (name) do update
        set description = excluded.description, schema = excluded.schema, example = excluded.example
        where t.generated
            and (t.description, t.schema, t.example)
                is distinct from (excluded.description, excluded.schema, excluded.example);
end
$$;

revoke execute on function outbound_webhooks.catalogue_operations() from public;
comment on function outbound_webhooks.catalogue_operations() is
    'Write operational events and test events into the catalogue.';

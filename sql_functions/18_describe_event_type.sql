-- describe_event_type: put an event type into the catalogue in your own words; watch() then leaves it alone.
-- Called by: DBAs, for types that emit() makes, or whose payload function they replaced. Locks: that row.
-- A type that a source emits stays the source's, and leaves the catalogue with it.
create or replace function outbound_webhooks.describe_event_type(
    p_name text, p_description text, p_schema jsonb, p_example jsonb
)
    returns void
    language sql
    volatile
    security definer -- the admin role writes the catalogue only through functions
    set search_path = pg_catalog, pg_temp
as $$
    insert into outbound_webhooks.event_types as t (name, description, schema, example)
    values (p_name, p_description, p_schema, p_example)
    on conflict (name) do update
        set
            description = excluded.description,
            schema = excluded.schema,
            example = excluded.example,
            generated = false
$$;

revoke execute on function outbound_webhooks.describe_event_type(text, text, jsonb, jsonb) from public;
grant execute on function outbound_webhooks.describe_event_type(text, text, jsonb, jsonb) to outbound_webhooks_admin;
comment on function outbound_webhooks.describe_event_type(text, text, jsonb, jsonb) is
    E'Describe an event type in the catalogue (event_types), in your own words; watch() then leaves it alone.\n'
    'p_name: the event type, for example invoice.sent.\n'
    'p_description: what it says, for those who receive it.\n'
    'p_schema: the JSON Schema (2020-12) of the whole body.\n'
    'p_example: a body.';

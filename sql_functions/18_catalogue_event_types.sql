-- catalogue_event_types: write what a source emits into the catalogue, and take out what it no longer does.
-- Called by: watch. Locks: the rows of those types. What people described (describe_event_type) is left as it is, and
-- so is everything while the payload function is the DBA's own: only its author knows what it says.
create or replace function outbound_webhooks.catalogue_event_types(p_source_name text)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_source outbound_webhooks.event_sources;
begin
    select s.* into strict v_source from outbound_webhooks.event_sources as s where s.name = p_source_name;

    delete from outbound_webhooks.event_types as t
    where t.source_id = v_source.id
        and t.name not in (select r ->> 'type' from jsonb_array_elements(v_source.rules) as r);

    insert into outbound_webhooks.event_types as t (name, source_id, description, schema, example, generated)
    select
        r ->> 'type',
        v_source.id,
        case r ->> 'when'
            when 'inserted' then format('A %s was created.', v_source.resource)
            when 'changed' then format('%s of a %s changed%s; data.previous has what it was.', r ->> 'field', v_source.resource,
                case when r ? 'to' then format(' to %s', r ->> 'to') else '' end)
            when 'grew' then format('%s of a %s grew%s; data.previous has what it was.', r ->> 'field', v_source.resource,
                case when r ? 'below' then format(' and is below %s', r ->> 'below') else '' end)
        end,
        s.schema,
        outbound_webhooks.schema_example(s.schema),
        true
    from jsonb_array_elements(v_source.rules) as r
    cross join lateral outbound_webhooks.event_schema(v_source, r) as s (schema)
    where outbound_webhooks.payload_is_generated(p_source_name)
    on conflict (name) do update
        set
            source_id = excluded.source_id,
            description = excluded.description,
            schema = excluded.schema,
            example = excluded.example
        where t.generated;
end
$$;

revoke execute on function outbound_webhooks.catalogue_event_types(text) from public;
comment on function outbound_webhooks.catalogue_event_types(text) is 'Write a source''s event types into the catalogue.';

-- event_schema: the JSON Schema (2020-12) of the body of one event type of a source, as its generated payload is.
-- Called by: catalogue_event_types. Locks: nothing (reads the catalog).
create or replace function outbound_webhooks.event_schema(p_source outbound_webhooks.event_sources, p_rule jsonb)
    returns jsonb
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_data jsonb := outbound_webhooks.row_schema(
        p_source.relation_oid::regclass, p_source.columns, p_source.amounts
    );
    v_entry jsonb;
begin
    for v_entry in
        select * from jsonb_array_elements(p_source.related)
        union all
        select jsonb_build_object(
            'name', 'previous',
            'schema', case when p_rule ? 'field' then jsonb_build_object(
                'type', 'object',
                'required', jsonb_build_array(p_rule ->> 'field'),
                'properties', jsonb_build_object(
                    p_rule ->> 'field', v_data -> 'properties' -> (p_rule ->> 'field')
                )
            ) else '{"type": "null"}' end
        )
    loop
        v_data := jsonb_set(
            v_data, array['properties', v_entry ->> 'name'],
            coalesce(
                v_entry -> 'schema',
                outbound_webhooks.row_schema(
                    to_regclass(v_entry ->> 'table'), v_entry -> 'columns',
                    array(select jsonb_array_elements_text(v_entry -> 'amounts'))
                ) || '{"type": ["object", "null"]}'
            )
        );
        v_data := jsonb_set(v_data, '{required}', v_data -> 'required' || jsonb_build_array(v_entry ->> 'name'));
    end loop;

    return outbound_webhooks.body_schema(p_rule ->> 'type', v_data);
end
$$;

revoke execute on function outbound_webhooks.event_schema(outbound_webhooks.event_sources, jsonb) from public;
comment on function outbound_webhooks.event_schema(outbound_webhooks.event_sources, jsonb) is
    'The JSON Schema of the body of one event type.';

-- field_schema: the JSON Schema of one field, from the type of its column, with an example of ours.
-- Called by: data_schema. Locks: nothing (reads the catalog).
create or replace function outbound_webhooks.field_schema(
    p_relation regclass, p_field text, p_column text, p_is_amount boolean
)
    returns jsonb
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object('examples', jsonb_build_array(k.example)) || case
        when k.type is null then '{}'
        when a.attnotnull then k.type
        else k.type || jsonb_build_object('type', jsonb_build_array(k.type -> 'type', 'null'))
    end
    from pg_attribute as a
    join pg_type as t on t.oid = a.atttypid
    cross join lateral (
        -- The names of output functions are those of the base types, also for a domain.
        select * from (
            values
                (p_field ~ '(^id|_id|Id)$', '{"type": "string"}'::jsonb, '"1"'::jsonb),
                (p_is_amount, '{"type": "integer", "description": "in minor units of the currency"}', '14900'),
                (t.typoutput::text in ('int2out', 'int4out', 'int8out'), '{"type": "integer"}', '1'),
                (t.typoutput::text in ('numeric_out', 'float4out', 'float8out'), '{"type": "number"}', '1.5'),
                (t.typoutput::text = 'boolout', '{"type": "boolean"}', 'true'),
                (
                    t.typoutput::text in ('timestamp_out', 'timestamptz_out'),
                    '{"type": "string", "format": "date-time"}', '"2026-01-31T12:00:00+00:00"'
                ),
                (t.typoutput::text = 'date_out', '{"type": "string", "format": "date"}', '"2026-01-31"'),
                (t.typoutput::text in ('json_out', 'jsonb_out'), null, '{}'),
                -- hstore, for example, is written by its own cast.
                (exists (select from pg_cast as c where c.castsource = t.oid and c.casttarget = 'json'::regtype), null, '{}'),
                (t.typcategory = 'A', '{"type": "array"}', '[]'),
                (t.typcategory = 'C', '{"type": "object"}', '{}'),
                (
                    t.typtype = 'e', '{"type": "string"}',
                    to_jsonb((select e.enumlabel::text from pg_enum as e where e.enumtypid = t.oid order by e.enumsortorder limit 1))
                ),
                (p_field = 'currency', '{"type": "string"}', '"BRL"'),
                (true, '{"type": "string"}', '"text"')
        ) as kinds (fits, type, example)
        where kinds.fits
        limit 1
    ) as k
    where a.attrelid = p_relation
        and a.attname = p_column
$$;

revoke execute on function outbound_webhooks.field_schema(regclass, text, text, boolean) from public;
comment on function outbound_webhooks.field_schema(regclass, text, text, boolean) is 'The JSON Schema of one field of a payload.';

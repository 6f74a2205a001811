-- pinned_settings: SET clauses for a trigger function whose fields are written as the session's settings say: intervals,
-- floats, bytea, ranges, ... Nothing for those a payment has, as each clause costs every call about half a microsecond.
-- Called by: capture_definition. Locks: nothing (reads the catalog). emit_row() and its like pin the same settings.
create or replace function outbound_webhooks.pinned_settings(p_source outbound_webhooks.event_sources)
    returns text
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce(max(
        E'    set datestyle = ''ISO, MDY''\n'
        '    set intervalstyle = ''postgres''\n'
        '    set extra_float_digits = 1\n'
        '    set bytea_output = ''hex''\n'
        '    set lc_monetary = ''C''\n'
    ), '')
    from (
        select format('%I.%I', p_source.relation_schema, p_source.relation_name), p_source.columns
        union all
        select r ->> 'table', r -> 'columns' from jsonb_array_elements(p_source.related) as r
    ) as s (relation, columns)
    cross join jsonb_each_text(s.columns) as f (field, name)
    join pg_attribute as a on a.attrelid = outbound_webhooks.table_named(s.relation) and a.attname = f.name
    join pg_type as t on t.oid = a.atttypid
    -- A domain has the output function of its base type.
    where t.typoutput <> all (array[
            'int2out', 'int4out', 'int8out', 'numeric_out', 'boolout', 'textout', 'varcharout', 'bpcharout',
            'uuid_out', 'enum_out', 'json_out', 'jsonb_out'
        ]::regproc[])
        -- JSON has a form of its own for these; as ids they are text.
        and (
            t.typoutput <> all (array['date_out', 'timestamp_out', 'timestamptz_out']::regproc[])
            or f.field ~ '(^id|_id|Id)$'
        )
$$;

revoke execute on function outbound_webhooks.pinned_settings(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.pinned_settings(outbound_webhooks.event_sources) is
    'The SET clauses that a trigger function needs to write its fields the same way in every session.';

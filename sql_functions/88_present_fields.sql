-- present_fields: the SQL of the fields that a source's rules look at, of a row t as it is now: {field: value}, each value
-- as events tell it, so that both can be compared; and {field: units}, by which an amount in major units was multiplied.
-- Called by: rows_page. Locks: nothing (reads the catalog). An amount with a fraction of a minor unit fails a capture, and
-- must not fail here: it is multiplied, not converted.
create or replace function outbound_webhooks.present_fields(
    p_source outbound_webhooks.event_sources, out present text, out scale text
)
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select
        format(
            case when own.is_own
                -- What it does not say of the row is left out, and is not compared.
                then '(select jsonb_object_agg(f.key, f.value) from jsonb_each(jsonb_build_object(%s)) as f where f.value <> ''null'')'
                else 'jsonb_build_object(%s)'
            end,
            string_agg(
                format('%L, %s', e.field, case
                    when own.is_own then format('d.told -> %L', e.field)
                    when e.units is not null then format('%s * %s', e.number, e.units)
                    else outbound_webhooks.field_expression(v.relation, 't', e.field, e.name, false, null)
                end),
                ', '
            )
        ),
        format('jsonb_build_object(%s)', string_agg(format('%L, %s', e.field, e.units), ', ') filter (where e.units is not null))
    from (select outbound_webhooks.relation_of(p_source)) as v (relation)
    cross join (select not outbound_webhooks.payload_is_generated(p_source.name)) as own (is_own)
    cross join lateral (
        select distinct f.field
        from jsonb_array_elements(p_source.rules) as r (rule)
        cross join lateral (values (r.rule ->> 'field'), (r.rule ->> 'below')) as f (field)
        where f.field is not null
    ) as f
    cross join lateral (
        select
            f.field,
            a.attname::text as name,
            -- Cast at once, a float would be rounded to 6 or 15 digits.
            format('t.%I::text::numeric', a.attname) as number,
            case when f.field = any (p_source.amounts) and t.typoutput <> all (array['int2out', 'int4out', 'int8out']::regproc[])
                then format('outbound_webhooks.minor_units(1, %s)', coalesce(
                    (select format('t.%I::text', p_source.columns ->> 'currency') where p_source.columns ? 'currency'), 'null'
                ))
            end as units
        from pg_attribute as a
        join pg_type as t on t.oid = a.atttypid
        where a.attrelid = v.relation
            and a.attname = p_source.columns ->> f.field
    ) as e
    group by own.is_own
$$;

revoke execute on function outbound_webhooks.present_fields(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.present_fields(outbound_webhooks.event_sources) is
    'The SQL of the fields of a row that rules look at.';

-- payload_definition: the text of a source's payload function: an allow-list of columns, never the whole row.
-- Called by: capture_ddl, as long as the DBA has not replaced it; from then on it is the DBA's.
-- Locks: nothing. The argument is anyelement and not the table's row type, which would make the host's DROP TABLE fail.
create or replace function outbound_webhooks.payload_definition(p_source outbound_webhooks.event_sources)
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_currency constant text := case when p_source.columns ? 'currency'
        then format('payment.%s::text', outbound_webhooks.quote_column(p_source.columns ->> 'currency'))
    end;
    v_object text := format(
        E'json_build_object(\n        %s,\n',
        outbound_webhooks.payload_fields(
            outbound_webhooks.relation_of(p_source),
            'payment', p_source.columns, p_source.amounts, v_currency
        )
    );
    v_joins text := '';
    v_entry jsonb;
    v_names text[] := '{payment}';
    v_by text[];
begin
    for v_entry in select * from jsonb_array_elements(p_source.related) loop
        v_by := outbound_webhooks.related_by(v_entry ->> 'by', v_names);
        v_joins := v_joins || format(
            E'\n    left join %1$s as %2$I on %2$I.%3$s = %4$I.%5$s',
            v_entry ->> 'table', v_entry ->> 'name', outbound_webhooks.quote_column(v_entry ->> 'key'),
            v_by[1], outbound_webhooks.quote_column(v_by[2])
        );
        v_names := v_names || (v_entry ->> 'name');
        v_object := v_object || format(
            E'        %1$L, case when %1$I.%2$s is not null then json_build_object(\n        %3$s) end,\n',
            v_entry ->> 'name', outbound_webhooks.quote_column(v_entry ->> 'key'),
            outbound_webhooks.payload_fields(
                to_regclass(v_entry ->> 'table'), quote_ident(v_entry ->> 'name'), v_entry -> 'columns',
                array(select jsonb_array_elements_text(v_entry -> 'amounts')),
                coalesce(
                    format('%I.', v_entry ->> 'name') || quote_ident(v_entry -> 'columns' ->> 'currency') || '::text',
                    v_currency
                )
            )
        );
    end loop;
    v_object := v_object || E'        ''previous'', previous\n    )';

    return format(
        E'create or replace function outbound_webhooks.%I(payment anyelement, previous json default null)\n'
        '    returns json\n'
        '    language plpgsql\n'
        '    stable\n'
        '    security invoker\n'
        'as %L',
        'payload_' || p_source.name,
        format(
            E'\n%s-- What an event of the source %s says. Yours to change: columns not listed here never leave the database.\n'
            'begin\n    return %s;\nend\n',
            -- A related table may have a column named previous.
            case when v_joins = '' then '' else E'#variable_conflict use_variable\n' end,
            p_source.name,
            case when v_joins = '' then v_object
                else format(E'(\n    select %s\n    from (values (true)) as "one row" (it)%s\n    )', v_object, v_joins)
            end
        )
    );
end
$$;

revoke execute on function outbound_webhooks.payload_definition(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.payload_definition(outbound_webhooks.event_sources) is
    'The DDL of a source''s first payload function.';

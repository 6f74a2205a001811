-- payload_definition: the text of a source's payload function: an allow-list of columns, never the whole row.
-- Called by: install_capture, as long as the DBA has not replaced it; from then on it is the DBA's.
-- Locks: nothing. The argument is anyelement and not the table's row type, which would make the host's DROP TABLE fail.
create or replace function outbound_webhooks.payload_definition(p_source_name text)
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_source outbound_webhooks.event_sources;
    v_relation regclass;
    v_fields text;
begin
    select s.* into strict v_source from outbound_webhooks.event_sources as s where s.name = p_source_name;
    v_relation := format('%I.%I', v_source.relation_schema, v_source.relation_name)::regclass;

    select string_agg(
        format(
            '        %L, %s,',
            c.part,
            case
                when c.part in ('id', 'clinic_id') then format('payment.%I::text', c.name)
                -- Integers are minor units; everything else is major ones. A domain has the output function of its base.
                when c.part in ('amount', 'refunded_amount')
                    and t.typoutput not in ('int2out'::regproc, 'int4out'::regproc, 'int8out'::regproc)
                    then format(
                        'outbound_webhooks.minor_units(payment.%I::numeric, %s)', c.name,
                        coalesce(format('payment.%I::text', v_source.columns ->> 'currency'), 'null')
                    )
                else format('payment.%I', c.name)
            end
        ),
        E'\n' order by c.position
    )
    into v_fields
    from (
        select e.key as part, e.value as name,
            array_position(
                array['id', 'clinic_id', 'status', 'amount', 'refunded_amount', 'currency', 'created_at', 'updated_at'],
                e.key
            ) as position
        from jsonb_each_text(v_source.columns) as e
    ) as c
    join pg_attribute as a on a.attrelid = v_relation and a.attname = c.name
    join pg_type as t on t.oid = a.atttypid;

    return format(
        E'create or replace function outbound_webhooks.%I(payment anyelement, previous json default null)\n'
        '    returns json\n'
        '    language plpgsql\n'
        '    stable\n'
        '    security invoker\n'
        '    set search_path = pg_catalog, pg_temp\n'
        'as %L',
        'payload_' || v_source.name,
        format(
            $body$
-- What an event of the source %s says. Yours to change: columns not listed here never leave the database.
begin
    return json_build_object(
%s
        'previous', previous
    );
end
$body$,
            v_source.name, v_fields
        )
    );
end
$$;

revoke execute on function outbound_webhooks.payload_definition(text) from public;
comment on function outbound_webhooks.payload_definition(text) is 'The DDL of a source''s first payload function.';

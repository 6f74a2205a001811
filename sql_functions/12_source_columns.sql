-- source_columns: check a column mapping against the table, and complete it.
-- Called by: watch. Locks: nothing (reads the catalog).
-- A part that the mapping does not name is looked for under its own name; id and clinic_id must be found.
-- Returns {part: column} of everything mapped or found.
create or replace function outbound_webhooks.source_columns(p_relation regclass, p_columns jsonb)
    returns jsonb
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_parts constant text[] := array[
        'id', 'clinic_id', 'status', 'amount', 'refunded_amount', 'currency', 'created_at', 'updated_at'
    ];
    v_have constant text[] := array(
        select a.attname::text
        from pg_attribute as a
        where a.attrelid = p_relation and a.attnum > 0 and not a.attisdropped
        order by a.attnum
    );
    v_part text;
    v_mapping jsonb := p_columns;
begin
    for v_part in select jsonb_object_keys(p_columns) loop
        if v_part <> all (v_parts) then
            raise exception 'a payment has no part named %', quote_literal(v_part)
                using errcode = 'invalid_parameter_value', hint = 'The parts: ' || array_to_string(v_parts, ', ') || '.';
        end if;
        if p_columns ->> v_part <> all (v_have) then
            raise exception 'table % has no column % (mapped to %)', p_relation, quote_ident(p_columns ->> v_part), v_part
                using errcode = 'undefined_column', hint = 'Its columns: ' || array_to_string(v_have, ', ') || '.';
        end if;
    end loop;

    foreach v_part in array v_parts loop
        if not v_mapping ? v_part and v_part = any (v_have) then
            v_mapping := v_mapping || jsonb_build_object(v_part, v_part);
        end if;
    end loop;

    select c.key into v_part
    from jsonb_each_text(v_mapping) as c
    join pg_attribute as a on a.attrelid = p_relation and a.attname = c.value and a.attgenerated = 'v'
    limit 1;
    if found then
        raise exception 'column % of % is a virtual generated one: triggers see it as null', v_mapping ->> v_part, p_relation
            using errcode = 'wrong_object_type', hint = format('Map %s to a stored column.', v_part);
    end if;

    if exists (
        select
        from pg_partitioned_table as p
        join pg_attribute as a on a.attrelid = p.partrelid and a.attnum = any (p.partattrs::smallint[])
        where p.partrelid = p_relation
            and a.attname in (v_mapping ->> 'status', v_mapping ->> 'refunded_amount')
    ) then
        raise exception '% cannot be watched: it is partitioned by a column that its events tell of', p_relation
            using errcode = 'wrong_object_type',
                hint = 'A row that moves to another partition is deleted and inserted there, so its change would be lost.';
    end if;

    foreach v_part in array array['id', 'clinic_id'] loop
        if not v_mapping ? v_part then
            raise exception 'which column of % is the %?', p_relation, v_part
                using errcode = 'undefined_column',
                    hint = format('Map it: {"%s": "..."}. Its columns: %s.', v_part, array_to_string(v_have, ', '));
        end if;
    end loop;
    return v_mapping;
end
$$;

revoke execute on function outbound_webhooks.source_columns(regclass, jsonb) from public;
comment on function outbound_webhooks.source_columns(regclass, jsonb) is
    'Validate and complete the column mapping of a table to be watched.';

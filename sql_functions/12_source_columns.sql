-- source_columns: check a column mapping against the table, and complete it.
-- Called by: describe_source. Locks: nothing (reads the catalog).
-- A part that the mapping does not name is looked for under its own name, then in camelCase (clinicId); id and
-- clinic_id must be found. p_include adds fields of the caller's naming. Returns {field: column}.
create or replace function outbound_webhooks.source_columns(p_relation regclass, p_columns jsonb, p_include jsonb)
    returns jsonb
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_have constant text[] := outbound_webhooks.column_names(p_relation);
    v_parts constant text[] := outbound_webhooks.payment_parts();
    v_part text;
    v_camel text;
    v_found jsonb := '{}';
begin
    for v_part in select jsonb_object_keys(p_columns) loop
        if v_part <> all (v_parts) then
            raise exception 'a mapping has no part named %', quote_literal(v_part)
                using errcode = 'invalid_parameter_value',
                    hint = format('The parts: %s. More columns for the payload go into p_include, or --include.',
                        array_to_string(v_parts, ', '));
        end if;
    end loop;
    for v_part in select jsonb_object_keys(p_include) loop
        if v_part = any (v_parts || '{previous}') then
            raise exception 'the included field % has the name of a part', quote_literal(v_part)
                using errcode = 'invalid_parameter_value', hint = 'Map the part, or give the field another name.';
        end if;
    end loop;

    foreach v_part in array v_parts loop
        v_camel := lower(left(v_part, 1)) || substr(replace(initcap(replace(v_part, '_', ' ')), ' ', ''), 2);
        if not p_columns ? v_part and v_part = any (v_have) then
            v_found := v_found || jsonb_build_object(v_part, v_part);
        elsif not p_columns ? v_part and v_camel = any (v_have) then
            v_found := v_found || jsonb_build_object(v_part, v_camel);
        end if;
    end loop;
    v_found := v_found || p_columns || p_include;

    foreach v_part in array array['id', 'clinic_id'] loop
        if not v_found ? v_part then
            raise exception 'which column of % is the %?', p_relation, v_part
                using errcode = 'undefined_column',
                    hint = format('Map it: {"%s": "..."}. Its columns: %s.', v_part, array_to_string(v_have, ', '));
        end if;
    end loop;
    perform outbound_webhooks.check_columns(p_relation, v_found, true);
    return v_found;
end
$$;

revoke execute on function outbound_webhooks.source_columns(regclass, jsonb, jsonb) from public;
comment on function outbound_webhooks.source_columns(regclass, jsonb, jsonb) is
    'Validate and complete the column mapping of a table to be watched.';

-- check_columns: refuse, with the reason, a mapping {field: column} that does not fit its table.
-- Called by: source_columns, check_related. Locks: nothing (reads the catalog). p_is_watched: the columns are those of
-- the row that a trigger is given, and not of one that is read.
create or replace function outbound_webhooks.check_columns(p_relation regclass, p_columns jsonb, p_is_watched boolean)
    returns void
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_have constant text[] := outbound_webhooks.column_names(p_relation);
    v_field text;
    v_column text;
begin
    for v_field, v_column in select * from jsonb_each_text(p_columns) loop
        if v_field !~ '^[a-zA-Z_][a-zA-Z0-9_]{0,62}$' then
            raise exception 'a field cannot be named %: letters, digits and _ only', quote_literal(v_field)
                using errcode = 'invalid_parameter_value';
        end if;
        if v_column is null or v_column <> all (v_have) then
            raise exception 'table % has no column % (mapped to %)', p_relation, quote_ident(v_column), v_field
                using errcode = 'undefined_column', hint = 'Its columns: ' || array_to_string(v_have, ', ') || '.';
        end if;
        if p_is_watched and exists (
            select
            from pg_attribute as a
            where a.attrelid = p_relation and a.attname = v_column and a.attgenerated = 'v'
        ) then
            raise exception 'column % of % is a virtual generated one: triggers see it as null', v_column, p_relation
                using errcode = 'wrong_object_type', hint = format('Map %s to a stored column.', v_field);
        end if;
    end loop;
end
$$;

revoke execute on function outbound_webhooks.check_columns(regclass, jsonb, boolean) from public;
comment on function outbound_webhooks.check_columns(regclass, jsonb, boolean) is
    'Refuse a column mapping that does not fit its table.';

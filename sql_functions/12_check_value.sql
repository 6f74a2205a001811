-- check_value: refuse, with the reason, a value that a column can never have, which a rule would wait for in vain.
-- Called by: check_rules. Locks: nothing (reads the catalog).
create or replace function outbound_webhooks.check_value(p_relation regclass, p_column text, p_value jsonb)
    returns void
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_type text;
    v_labels text;
begin
    -- Without the modifier: a cast to varchar(3) would cut the value off.
    select
        format_type(a.atttypid, -1),
        (select string_agg(e.enumlabel, ', ' order by e.enumsortorder) from pg_enum as e where e.enumtypid = a.atttypid)
    into v_type, v_labels
    from pg_attribute as a
    where a.attrelid = p_relation and a.attname = p_column;

    if jsonb_typeof(p_value) not in ('string', 'number', 'boolean') then
        raise exception 'a rule compares column % of % with %, which is no single value',
            quote_ident(p_column), p_relation, p_value
            using errcode = 'invalid_parameter_value', hint = '"to" is a string, a number, true or false.';
    end if;
    begin
        execute format('select %L::%s', p_value #>> '{}', v_type);
    exception when others then
        raise exception 'column % of % is of type %, which has no value %',
            quote_ident(p_column), p_relation, v_type, p_value
            using errcode = 'invalid_parameter_value', hint = coalesce('Its values: ' || v_labels || '.', 'Write it as the type does.');
    end;
end
$$;

revoke execute on function outbound_webhooks.check_value(regclass, text, jsonb) from public;
comment on function outbound_webhooks.check_value(regclass, text, jsonb) is 'Refuse a value that a column cannot have.';

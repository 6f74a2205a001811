-- check_comparable: refuse, with the reason, a column whose change cannot be told, or which is no number but has to be.
-- Called by: check_rules, describe_source, check_related. Locks: nothing (reads the catalog).
-- Text would grow from '9' to '10' by shrinking, and the type money depends on the server's locale: no amounts.
create or replace function outbound_webhooks.check_comparable(p_relation regclass, p_column text, p_is_number boolean)
    returns void
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_type text;
    v_is_number boolean;
begin
    select
        format_type(a.atttypid, a.atttypmod),
        -- A domain has the output function of its base type.
        t.typoutput = any (array[
            'int2out', 'int4out', 'int8out', 'numeric_out', 'float4out', 'float8out'
        ]::regproc[])
    into v_type, v_is_number
    from pg_attribute as a
    join pg_type as t on t.oid = a.atttypid
    where a.attrelid = p_relation and a.attname = p_column;

    if p_is_number and not v_is_number then
        raise exception 'column % of % is of type %, and has to be a number', quote_ident(p_column), p_relation, v_type
            using errcode = 'datatype_mismatch',
                hint = 'An amount is an integer in minor units, or numeric in major units.';
    end if;
    begin
        -- Grouping looks into arrays and rows: json[] has an equality that fails when it is used.
        execute format('select v is distinct from v from (select null::%s) as a (v) group by v', v_type);
    exception when undefined_function then
        raise exception 'column % of % is of type %, which has no equality', quote_ident(p_column), p_relation, v_type
            using errcode = 'undefined_function', hint = 'Alter it to a type that has one (json to jsonb), or map another column.';
    end;
end
$$;

revoke execute on function outbound_webhooks.check_comparable(regclass, text, boolean) from public;
comment on function outbound_webhooks.check_comparable(regclass, text, boolean) is
    'Refuse a column that a rule cannot compare.';

-- check_arguments: refuse, with the reason, arguments of watch() that are null or JSON of another shape.
-- Called by: describe_source. Locks: nothing. What is in the JSON is checked where it is used.
create or replace function outbound_webhooks.check_arguments(
    p_relation regclass, p_columns jsonb, p_resource text, p_include jsonb, p_related jsonb, p_strict boolean
)
    returns void
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_name text;
    v_value jsonb;
    v_type text;
begin
    if num_nulls(p_relation, p_resource, p_strict) > 0 then
        raise exception 'watch() needs a table, a resource, and whether to be strict; none may be null'
            using errcode = 'null_value_not_allowed';
    end if;
    if p_resource in ('endpoint', 'delivery', 'webhook') then
        raise exception 'the resource % is taken: its events tell of endpoints, deliveries and tests', quote_literal(p_resource)
            using errcode = 'invalid_parameter_value', hint = 'Call the resource something else.';
    end if;
    for v_name, v_value, v_type in
        values ('p_columns', p_columns, 'object'), ('p_include', p_include, 'object'), ('p_related', p_related, 'array')
    loop
        if jsonb_typeof(v_value) is distinct from v_type then
            raise exception '% must be a JSON %, not %', v_name, v_type, coalesce(jsonb_typeof(v_value), 'null')
                using errcode = 'invalid_parameter_value';
        end if;
    end loop;
end
$$;

revoke execute on function outbound_webhooks.check_arguments(regclass, jsonb, text, jsonb, jsonb, boolean) from public;
comment on function outbound_webhooks.check_arguments(regclass, jsonb, text, jsonb, jsonb, boolean) is
    'Refuse arguments of watch() that are null or of another shape.';

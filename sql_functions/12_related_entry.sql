-- related_entry: refuse, with the reason, a related row of the wrong shape; returns it with every part named.
-- Called by: check_related. Locks: nothing.
create or replace function outbound_webhooks.related_entry(p_entry jsonb)
    returns jsonb
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_entry constant jsonb := case when jsonb_typeof(p_entry) = 'object'
        then '{"key": "id", "amounts": []}'::jsonb || p_entry
    end;
begin
    if v_entry is null
        or (select count(*) from jsonb_object_keys(v_entry)) <> 6
        or not v_entry ?& '{name, table, by, key, columns, amounts}'::text[]
        or exists (
            select from jsonb_each(v_entry) as e
            where jsonb_typeof(e.value) <> case e.key
                when 'columns' then 'object'
                when 'amounts' then 'array'
                else 'string'
            end
        )
        or v_entry -> 'columns' = '{}'
        or v_entry ->> 'name' !~ '^[a-z_][a-z0-9_]{0,62}$'
    then
        raise exception 'related row % is not understood', p_entry
            using errcode = 'invalid_parameter_value',
                hint = 'It has "name" (lower-case), "table", "by", "columns" (at least one), and perhaps "key" and "amounts" (an array).';
    end if;
    return v_entry;
end
$$;

revoke execute on function outbound_webhooks.related_entry(jsonb) from public;
comment on function outbound_webhooks.related_entry(jsonb) is 'Validate and complete the shape of a related row.';

-- mapped_values: the mapped columns of a row, by their fields: {"status": "paid"} of {"state": "paid", ...}.
-- Called by: record_capture_error. Locks: nothing (reads the catalog). Null for no row.
-- A column that the host renamed since watch() is found by its number, in the same table only: after a restore the
-- numbers may mean other columns. A field whose column is gone is left out.
create or replace function outbound_webhooks.mapped_values(p_mapping jsonb, p_relation oid, p_row jsonb)
    returns jsonb
    language sql
    stable
    security invoker
as $$
    select jsonb_object_agg(c.field, p_row -> c.name)
    from (
        select
            m.key as field,
            case when p_row ? m.value then m.value else (
                select a.attname::text
                from pg_attribute as a
                where a.attrelid = (p_mapping ->> 'relation')::oid
                    and a.attnum = (p_mapping -> 'numbers' ->> m.key)::smallint
                    and not a.attisdropped
                    -- A partition's trigger sees its own oid; its columns have the names of the parent's.
                    and (a.attrelid = p_relation or a.attrelid in (select relid from pg_partition_ancestors(p_relation)))
            ) end as name
        from jsonb_each_text(p_mapping -> 'columns') as m
    ) as c
    where p_row ? c.name
$$;

revoke execute on function outbound_webhooks.mapped_values(jsonb, oid, jsonb) from public;
comment on function outbound_webhooks.mapped_values(jsonb, oid, jsonb) is 'The mapped columns of a row, by their fields.';

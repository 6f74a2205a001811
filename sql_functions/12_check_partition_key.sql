-- check_partition_key: refuse a table that is partitioned by a column whose change makes an event.
-- Called by: describe_source. Locks: nothing (reads the catalog).
-- A row that moves to another partition is deleted and inserted there: its change would be lost, and told as created.
create or replace function outbound_webhooks.check_partition_key(p_source outbound_webhooks.event_sources)
    returns void
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_column text;
begin
    select a.attname into v_column
    from pg_partition_tree(p_source.relation_oid::regclass) as t
    -- A column of a partition key, of an expression too, cannot be dropped without its table.
    join pg_depend as d on d.classid = 'pg_class'::regclass and d.objid = t.relid and d.deptype = 'i'
        and d.refclassid = d.classid and d.refobjid = d.objid and d.refobjsubid = 0
    join pg_attribute as a on a.attrelid = t.relid and a.attnum = d.objsubid
    where a.attname in (
        select p_source.columns ->> (r ->> 'field') from jsonb_array_elements(p_source.rules) as r
    )
    limit 1;
    if found then
        raise exception '% cannot be watched: it is partitioned by %, which its events tell of',
            p_source.relation_oid::regclass, quote_ident(v_column)
            using errcode = 'wrong_object_type',
                hint = 'A row that moves to another partition is deleted and inserted there, so its change would be lost.';
    end if;
end
$$;

revoke execute on function outbound_webhooks.check_partition_key(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.check_partition_key(outbound_webhooks.event_sources) is
    'Refuse a table partitioned by a column that its events tell of.';

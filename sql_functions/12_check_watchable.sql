-- check_watchable: refuse, with the reason, a table that cannot be watched or a caller who may not.
-- Called by: describe_source. Locks: nothing (reads the catalog).
create or replace function outbound_webhooks.check_watchable(p_relation regclass)
    returns void
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_kind "char";
    v_persistence "char";
    v_namespace regnamespace;
begin
    if not exists (select from pg_class as c where c.oid = p_relation) then
        raise exception 'there is no table %', p_relation using errcode = 'undefined_table';
    end if;
    select c.relkind, c.relpersistence, c.relnamespace
    into v_kind, v_persistence, v_namespace
    from pg_class as c
    where c.oid = p_relation;

    if v_kind not in ('r', 'p')
        or v_persistence = 't'
        or v_namespace::text in ('outbound_webhooks', 'pg_catalog', 'information_schema')
    then
        raise exception '% cannot be watched: only ordinary and partitioned tables of the host can', p_relation
            using errcode = 'wrong_object_type',
                hint = 'Not views, foreign, temporary or system tables, nor tables of ours. Of a view, watch the table below it.';
    end if;
    if exists (
        select
        from pg_partition_ancestors(p_relation) as a
        where a.relid <> p_relation
            and outbound_webhooks.source_of(a.relid) is not null
    ) then
        raise exception '% is a partition of a table that is watched: its writes are captured already', p_relation
            using errcode = 'wrong_object_type';
    end if;
    if exists (
        select from pg_partition_tree(p_relation) as t where t.level > 0 and outbound_webhooks.source_of(t.relid) is not null
    ) then
        raise exception '% cannot be watched: a partition of it is watched alone', p_relation
            using errcode = 'wrong_object_type', hint = 'Call unwatch() for the partition first.';
    end if;
    if v_kind = 'r' and exists (select from pg_inherits as i where i.inhparent = p_relation) then
        raise exception '% cannot be watched: other tables inherit from it, and writes to those fire no trigger of it',
            p_relation
            using errcode = 'wrong_object_type', hint = 'Make it a partitioned table, or watch the inheriting tables.';
    end if;
    if not pg_has_role(current_user, 'outbound_webhooks_owner', 'member') then
        raise exception 'role % may not watch tables', current_user
            using errcode = 'insufficient_privilege',
                hint = format('grant outbound_webhooks_owner to %I', current_user);
    end if;
    if not exists (
        select from pg_class as c where c.oid = p_relation and pg_has_role(current_user, c.relowner, 'usage')
    ) then
        raise exception 'role % may not watch %: only its owner may create triggers on it', current_user, p_relation
            using errcode = 'insufficient_privilege', hint = 'Call watch() as the owner of the table.';
    end if;
end
$$;

revoke execute on function outbound_webhooks.check_watchable(regclass) from public;
comment on function outbound_webhooks.check_watchable(regclass) is
    'Refuse what cannot be watched, with the reason.';

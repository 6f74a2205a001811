-- check_watchable: refuse, with the reason, a table that cannot be watched or a caller who may not.
-- Called by: watch. Locks: nothing (reads the catalog).
create or replace function outbound_webhooks.check_watchable(p_relation regclass)
    returns void
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select
        from pg_class as c
        where c.oid = p_relation
            and c.relkind in ('r', 'p')
            and c.relnamespace <> 'outbound_webhooks'::regnamespace
    ) then
        raise exception '% cannot be watched: only ordinary and partitioned tables of the host can', p_relation
            using errcode = 'wrong_object_type';
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
    if not pg_has_role(current_user, 'outbound_webhooks_owner', 'member') then
        raise exception 'role % may not watch tables', current_user
            using errcode = 'insufficient_privilege',
                hint = format('grant outbound_webhooks_owner to %I', current_user);
    end if;
end
$$;

revoke execute on function outbound_webhooks.check_watchable(regclass) from public;
comment on function outbound_webhooks.check_watchable(regclass) is
    'Refuse what cannot be watched, with the reason.';

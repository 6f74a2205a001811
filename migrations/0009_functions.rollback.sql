-- The triggers on watched tables, and what our roles were granted on the host's objects, are all that lies outside our
-- schema. They go first, so that no write finds a trigger whose tables are gone; then every function of ours.
-- Locks: ACCESS EXCLUSIVE on each watched table, and then on each of our own, all of them before anything is changed.

set local lock_timeout = '2s';

-- The first lock we wait for up to 2 s, holding none; for the others, until half of deadlock_timeout has gone by since we
-- asked for the first, and then not at all. A writer that has one of them, and waits for another that we have, would be
-- in a deadlock with us: it began to wait after we did, so we have given up before it looks for one and ends itself.
-- Then nothing was changed, and it can be tried again.
-- The tables that are used most come first: who works with several has the first of them for longest.
do $$
declare
    v_deadline constant timestamptz := clock_timestamp() + current_setting('deadlock_timeout')::interval / 2;
    v_relation regclass;
    v_how text := '';
begin
    for v_relation in
        select c.oid
        from pg_class as c
        where c.relkind in ('r', 'p')
            and (
                c.relnamespace = 'outbound_webhooks'::regnamespace
                or exists (
                    select
                    from pg_trigger as t
                    join pg_proc as p on p.oid = t.tgfoid
                    where t.tgrelid = c.oid
                        and p.pronamespace = 'outbound_webhooks'::regnamespace
                )
            )
        order by
            c.relnamespace = 'outbound_webhooks'::regnamespace,
            (select count(*) from pg_locks as l where l.relation = c.oid and l.pid <> pg_backend_pid()) desc,
            random()
    loop
        execute format('lock table only %s in access exclusive mode%s', v_relation, v_how);
        perform set_config(
            'lock_timeout', greatest(1, extract(epoch from v_deadline - clock_timestamp()) * 1000)::integer::text, true
        );
        v_how := case when clock_timestamp() < v_deadline then '' else ' nowait' end;
    end loop;
end
$$;

set local lock_timeout = '2s';

do $$
declare
    v_statement text;
begin
    foreach v_statement in array array(
        select format('drop trigger %I on %s', t.tgname, t.tgrelid::regclass)
        from pg_trigger as t
        join pg_proc as p on p.oid = t.tgfoid
        where p.pronamespace = 'outbound_webhooks'::regnamespace
            and t.tgparentid = 0
    ) || array(
        -- As far as the caller may: what it has no say in was not granted by watch().
        select distinct format('revoke all on %s from %s', o.name, d.refobjid::regrole)
        from pg_shdepend as d
        join (
            select
                'pg_class'::regclass as catalog, c.oid, c.relnamespace as namespace, 'table ' || c.oid::regclass as name,
                has_table_privilege(c.oid, 'select with grant option') as is_revocable
            from pg_class as c
            where c.relkind <> 'i'
            union all
            select
                'pg_namespace'::regclass, n.oid, n.oid, 'schema ' || n.oid::regnamespace,
                has_schema_privilege(n.oid, 'usage with grant option')
            from pg_namespace as n
            union all
            select
                'pg_proc'::regclass, p.oid, p.pronamespace, 'routine ' || p.oid::regprocedure,
                has_function_privilege(p.oid, 'execute with grant option')
            from pg_proc as p
        ) as o on o.catalog = d.classid and o.oid = d.objid
        where d.dbid = (select b.oid from pg_database as b where b.datname = current_database())
            and d.refclassid = 'pg_authid'::regclass
            and d.deptype = 'a'
            and d.refobjid in (
                select r.oid
                from pg_roles as r
                where r.rolname in (
                    'outbound_webhooks_owner', 'outbound_webhooks_dispatcher', 'outbound_webhooks_admin',
                    'outbound_webhooks_monitor', 'outbound_webhooks_clinic'
                )
            )
            and o.namespace <> 'outbound_webhooks'::regnamespace
            and o.is_revocable
    ) || array(
        select format('drop routine %s', p.oid::regprocedure)
        from pg_proc as p
        where p.pronamespace = 'outbound_webhooks'::regnamespace
    ) loop
        execute v_statement;
    end loop;
end
$$;

delete from outbound_webhooks.event_sources;
delete from outbound_webhooks.schema_bundle;

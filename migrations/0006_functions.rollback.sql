-- The triggers on watched tables and the grants that watch() made are all that lies outside our schema.
-- They go first, so that no write finds a trigger whose tables are gone; then every function of ours.
-- Locks: ACCESS EXCLUSIVE on each watched table, waiting 2 s at most.

set local lock_timeout = '2s';

do $$
declare
    v_trigger record;
    v_relation regclass;
    v_function regprocedure;
begin
    for v_trigger in
        select t.tgname, t.tgrelid::regclass as relation
        from pg_trigger as t
        join pg_proc as p on p.oid = t.tgfoid
        where p.pronamespace = 'outbound_webhooks'::regnamespace
            and t.tgparentid = 0
    loop
        execute format('drop trigger %I on %s', v_trigger.tgname, v_trigger.relation);
    end loop;

    for v_relation in
        select to_regclass(t.name)
        from outbound_webhooks.event_sources as s, outbound_webhooks.tables_read(s) as t (name)
    loop
        if v_relation is not null then
            execute format('revoke select on %s from outbound_webhooks_owner', v_relation);
            execute format(
                'revoke usage on schema %s from outbound_webhooks_owner',
                (select c.relnamespace::regnamespace from pg_class as c where c.oid = v_relation)
            );
        end if;
    end loop;

    for v_function in
        select p.oid::regprocedure from pg_proc as p where p.pronamespace = 'outbound_webhooks'::regnamespace
    loop
        execute format('drop function %s', v_function);
    end loop;
end
$$;

delete from outbound_webhooks.event_sources;
delete from outbound_webhooks.schema_bundle;

-- protect_table: row-level security for a table whose rows are of clinics: outbound_webhooks_clinic sees those of the
-- clinics that its transaction names (docs/roles.md); the other roles see, as before, what they were granted.
-- Called by: protect_tables; ensure_partitions, for a partition that nobody else sees yet.
-- Locks: ACCESS EXCLUSIVE on the table, only if something is missing.
-- It is not forced: the owner, as whom our functions and triggers work, is not held to it. Forced, it would make captures
-- depend on a policy, and one that is lost, as in a dump that is restored without our roles, would lose every event.
-- A partition is read through its parent, whose policies count; by itself it has none, and shows nobody else anything.
-- The setting is read once in a statement, and not for each row: that is what the select around it is for. Not set, or
-- set to nothing, it is null, and no row is seen.
create or replace function outbound_webhooks.protect_table(p_table regclass)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_policy record;
begin
    if not (select c.relrowsecurity from pg_class as c where c.oid = p_table) then
        execute format('alter table %s enable row level security', p_table);
    end if;
    for v_policy in
        select p.name, p.text
        from (values
            (
                'platform',
                'for select to outbound_webhooks_dispatcher, outbound_webhooks_admin, outbound_webhooks_monitor using (true)'
            ),
            (
                'clinic',
                'for select to outbound_webhooks_clinic using (clinic_id = any ('
                    '(select nullif(current_setting(''outbound_webhooks.clinics'', true), '''')::text[])::text[]))'
            )
        ) as p (name, text)
        cross join pg_class as c
        where c.oid = p_table
            and not c.relispartition
            and not exists (select from pg_policy as o where o.polrelid = c.oid and o.polname = p.name)
    loop
        execute format('create policy %I on %s %s', v_policy.name, p_table, v_policy.text);
    end loop;
end
$$;

revoke execute on function outbound_webhooks.protect_table(regclass) from public;
comment on function outbound_webhooks.protect_table(regclass) is
    'Make what is missing of the row-level security of a table whose rows are of clinics.';

-- check_reconciled: refuse a table that cannot be reconciled, as its rows cannot be read, or not all of them.
-- Called by: reconcile_rows, as the owner. Locks: nothing (reads the catalog). A row that a policy hides would be looked for
-- in vain by nobody: a report that does not say so would say too much.
create or replace function outbound_webhooks.check_reconciled(p_source outbound_webhooks.event_sources)
    returns void
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_relation constant regclass := outbound_webhooks.relation_of(p_source);
begin
    if v_relation is null then
        raise exception 'the table of the source % is gone', p_source.name using errcode = 'undefined_table';
    end if;
    if row_security_active(v_relation)
        and not exists (select from outbound_webhooks.policies_on(v_relation) as o where o.shows_all)
    then
        raise exception 'row-level security hides rows of % from outbound_webhooks_owner', v_relation
            using errcode = 'insufficient_privilege',
                hint = format('create policy outbound_webhooks on %s for select to outbound_webhooks_owner using (true)', v_relation);
    end if;
end
$$;

revoke execute on function outbound_webhooks.check_reconciled(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.check_reconciled(outbound_webhooks.event_sources) is
    'Refuse a source whose rows cannot all be read.';

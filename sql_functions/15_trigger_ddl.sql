-- trigger_ddl: the statements that bring the triggers on a watched table in line with its source; none if they are.
-- Triggers fire by name: ours go before a host's own, which may change the row again, so that changes are told in order.
-- No WHEN: naming columns there would keep the host from altering their types, comparing whole rows costs more than
-- entering the function, and an error in it would be the host's.
-- Called by: capture_ddl, diagnose_triggers. Locks: ACCESS SHARE on the table, to print its triggers. Executed, each
-- statement takes SHARE ROW EXCLUSIVE on the table (writers wait), or ACCESS EXCLUSIVE for a trigger that is no longer
-- needed.
create or replace function outbound_webhooks.trigger_ddl(p_source outbound_webhooks.event_sources)
    returns setof text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_relation constant regclass := p_source.relation_oid::regclass;
    v_operation text;
    v_trigger text;
    v_wanted boolean;
begin
    foreach v_operation in array array['insert', 'update'] loop
        v_trigger := '00_outbound_webhooks_' || v_operation;
        v_wanted := exists (
            select from jsonb_array_elements(p_source.rules) as r
            where (r ->> 'when' = 'inserted') = (v_operation = 'insert')
        );
        if not v_wanted and exists (
            select from pg_trigger as t where t.tgrelid = v_relation and t.tgname = v_trigger
        ) then
            return next format('drop trigger if exists %I on %s', v_trigger, v_relation);
        elsif v_wanted and not exists (
            select
            from pg_trigger as t
            where t.tgrelid = v_relation
                and t.tgname = v_trigger
                -- All of its definition, as PostgreSQL prints it: somebody may have altered its condition, or its columns.
                and pg_get_triggerdef(t.oid) = format(
                    'CREATE TRIGGER %I AFTER %s ON %s FOR EACH ROW EXECUTE FUNCTION outbound_webhooks.%I()',
                    v_trigger, upper(v_operation), v_relation, 'capture_' || p_source.name
                )
        ) then
            return next format(
                'create or replace trigger %I after %s on %s for each row execute function outbound_webhooks.%I()',
                v_trigger, v_operation, v_relation, 'capture_' || p_source.name
            );
        end if;
    end loop;
end
$$;

revoke execute on function outbound_webhooks.trigger_ddl(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.trigger_ddl(outbound_webhooks.event_sources) is
    'The DDL that brings a watched table''s triggers in line; nothing if they are.';

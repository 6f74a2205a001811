-- trigger_ddl: the statements that bring the triggers on a watched table in line with its source; none if they are.
-- Triggers fire by name: ours go before a host's own, which may change the row again, so that changes are told in order.
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
    v_when text;
    v_wanted boolean;
begin
    foreach v_operation in array array['insert', 'update'] loop
        v_trigger := '00_outbound_webhooks_' || v_operation;
        v_wanted := exists (
            select from jsonb_array_elements(p_source.rules) as r
            where (r ->> 'when' = 'inserted') = (v_operation = 'insert')
        );
        -- The row images are compared (*<>), not the values: that works for every column type, and naming no column
        -- leaves the host free to alter each of them. A whole-row comparison computes virtual generated columns, and
        -- an error in one would be the host's: with such a column the function alone compares.
        v_when := case
            when v_operation = 'update' and not exists (
                select from pg_attribute where attrelid = v_relation and attgenerated = 'v' and not attisdropped
            )
                then ' when (old.* operator(pg_catalog.*<>) new.*)'
            else ''
        end;
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
                    'CREATE TRIGGER %I AFTER %s ON %s FOR EACH ROW%s EXECUTE FUNCTION outbound_webhooks.%I()',
                    v_trigger, upper(v_operation), v_relation,
                    case when v_when <> '' then ' WHEN ((old.* *<> new.*))' else '' end, 'capture_' || p_source.name
                )
        ) then
            return next format(
                'create or replace trigger %I after %s on %s for each row%s execute function outbound_webhooks.%I()',
                v_trigger, v_operation, v_relation, v_when, 'capture_' || p_source.name
            );
        end if;
    end loop;
end
$$;

revoke execute on function outbound_webhooks.trigger_ddl(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.trigger_ddl(outbound_webhooks.event_sources) is
    'The DDL that brings a watched table''s triggers in line; nothing if they are.';

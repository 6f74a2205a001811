-- ensure_trigger: a trigger on one of our own tables, unless there is one of that name.
-- Called by: attach_triggers, audit_table. Locks: SHARE ROW EXCLUSIVE on the table, if the trigger is missing.
-- One that refuses something fires in every session_replication_role: who set it had something else in mind.
create or replace function outbound_webhooks.ensure_trigger(
    p_table text, p_name text, p_events text, p_each text, p_call text
)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (
        select from pg_trigger as t
        where t.tgrelid = format('outbound_webhooks.%I', p_table)::regclass
            and t.tgname = p_name
    ) then
        return;
    end if;
    execute format(
        'create trigger %I %s on outbound_webhooks.%I for each %s execute function outbound_webhooks.%s',
        p_name, p_events, p_table, p_each, p_call
    );
    if p_name like 'refuse\_%' then
        execute format('alter table outbound_webhooks.%I enable always trigger %I', p_table, p_name);
    end if;
end
$$;

revoke execute on function outbound_webhooks.ensure_trigger(text, text, text, text, text) from public;
comment on function outbound_webhooks.ensure_trigger(text, text, text, text, text) is
    'Create a trigger on one of our tables, unless it is there.';

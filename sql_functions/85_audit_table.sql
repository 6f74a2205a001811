-- audit_table: from now on each change of one of our small tables is a line in the audit log (audit_change).
-- Called by: attach_triggers. Locks: see ensure_trigger.
-- p_thing: what a row is called there. p_unsaid: columns whose values are never recorded, only that one was given.
-- p_no_news: columns that are left out, as they change by themselves or say what the line says anyway.
create or replace function outbound_webhooks.audit_table(p_table text, p_thing text, p_unsaid text[], p_no_news text[])
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_call constant text := format('audit_change(%L, %L, %L)', p_thing, p_unsaid, p_no_news);
begin
    perform outbound_webhooks.ensure_trigger(p_table, 'audit_change', 'after insert or update or delete', 'row', v_call);
    perform outbound_webhooks.ensure_trigger(p_table, 'audit_truncate', 'after truncate', 'statement', v_call);
end
$$;

revoke execute on function outbound_webhooks.audit_table(text, text, text[], text[]) from public;
comment on function outbound_webhooks.audit_table(text, text, text[], text[]) is
    'Have each change of a table written into the audit log.';

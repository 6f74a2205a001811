-- diagnose_strays: triggers that call our functions, but are not those of a source on its table.
-- Called by: doctor. Locks: nothing (reads the catalog).
create or replace function outbound_webhooks.diagnose_strays()
    returns table (severity text, code text, subject text, finding text, remedy text)
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select
        'problem',
        'stray-trigger',
        format('table %s', t.tgrelid::regclass),
        format('trigger %I calls %s(), but is not of an event source: its events are not asked for', t.tgname, t.tgfoid::regproc),
        format('drop trigger %I on %s', t.tgname, t.tgrelid::regclass)
    from pg_trigger as t
    join pg_proc as p on p.oid = t.tgfoid
    join pg_class as c on c.oid = t.tgrelid
    where p.pronamespace = 'outbound_webhooks'::regnamespace
        and c.relnamespace <> p.pronamespace -- those on our own tables are our own (attach_triggers)
        and t.tgparentid = 0
        and not exists (
            select
            from outbound_webhooks.event_sources as s
            cross join lateral outbound_webhooks.source_now(s) as n
            where n.relation_oid = t.tgrelid
                and p.proname = 'capture_' || n.name
                and t.tgname in ('00_outbound_webhooks_insert', '00_outbound_webhooks_update')
        )
$$;

revoke execute on function outbound_webhooks.diagnose_strays() from public;
comment on function outbound_webhooks.diagnose_strays() is 'Triggers of ours that belong to no event source.';

-- source_stats: whether each watched table is captured, and how many of the triggers that its rules need are not there,
-- or are disabled.
-- Called by: every dispatcher, every 10 s, for its snapshot. Locks: nothing, not even while somebody alters the table;
-- doctor looks closer.
create or replace function outbound_webhooks.source_stats()
    returns table (name text, capture boolean, triggers_missing bigint)
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select
        s.source,
        s.capture,
        (
            select count(*)
            from (values (s.insert_trigger), (s.update_trigger)) as t (state)
            where t.state <> 'enabled'
        )
    from outbound_webhooks.stat_sources as s
$$;

revoke execute on function outbound_webhooks.source_stats() from public;
grant execute on function outbound_webhooks.source_stats() to outbound_webhooks_dispatcher, outbound_webhooks_admin;
comment on function outbound_webhooks.source_stats() is
    'Whether each watched table is captured, and how many of its triggers are missing or disabled.';

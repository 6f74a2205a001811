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
        s.name,
        g.capture and s.capture,
        (
            select count(*)
            from (
                select distinct case when r ->> 'when' = 'inserted' then 'insert' else 'update' end as operation
                from jsonb_array_elements(s.rules) as r
            ) as needed
            where not exists (
                select
                from pg_trigger as t
                where t.tgrelid = s.relation_oid
                    and t.tgname = '00_outbound_webhooks_' || needed.operation
                    and t.tgenabled in ('O', 'A')
            )
        )
    from outbound_webhooks.event_sources as s
    cross join outbound_webhooks.settings as g
$$;

revoke execute on function outbound_webhooks.source_stats() from public;
grant execute on function outbound_webhooks.source_stats() to outbound_webhooks_dispatcher, outbound_webhooks_admin;
comment on function outbound_webhooks.source_stats() is
    'Whether each watched table is captured, and how many of its triggers are missing or disabled.';

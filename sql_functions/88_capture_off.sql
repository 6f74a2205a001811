-- capture_off: when capture was switched off for a source: by the switch for all, or by its own; as the audit log tells.
-- Called by: reconcile_rows. Locks: nothing. Before the first line about a switch it was what that line changed. What a
-- session or a role had switched off for itself is written nowhere.
create or replace function outbound_webhooks.capture_off(p_source outbound_webhooks.event_sources)
    returns tstzmultirange
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    with line as (
        select
            l.action as switch,
            l.at,
            (l.details #>> '{before,capture}')::boolean as was_on,
            (l.details #>> '{after,capture}')::boolean as is_on
        from outbound_webhooks.audit_log as l
        where l.clinic_id is null
            and l.details -> 'after' ? 'capture'
            and (
                l.action = 'settings.changed'
                or (l.action = 'source.changed' and l.subject = 'source ' || p_source.name and l.at >= p_source.created_at)
            )
    ),
    period as (
        select l.is_on, l.at as since, lead(l.at) over (partition by l.switch order by l.at) as until
        from line as l
        union all
        (select distinct on (l.switch) l.was_on, null::timestamptz, l.at from line as l order by l.switch, l.at)
        union all -- a switch that was never thrown
        select s.is_on, null::timestamptz, null::timestamptz
        from (
            select 'settings.changed', g.capture from outbound_webhooks.settings as g
            union all
            select 'source.changed', p_source.capture
        ) as s (switch, is_on)
        where s.switch not in (select l.switch from line as l)
    )
    select coalesce(range_agg(tstzrange(p.since, p.until)), '{}')
    from period as p
    where not p.is_on
$$;

revoke execute on function outbound_webhooks.capture_off(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.capture_off(outbound_webhooks.event_sources) is
    'When capture was switched off for a source.';

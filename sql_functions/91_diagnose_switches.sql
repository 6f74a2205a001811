-- diagnose_switches: what is switched off, or not used yet, on purpose or not.
-- Called by: doctor. Locks: nothing.
create or replace function outbound_webhooks.diagnose_switches()
    returns table (severity text, code text, subject text, finding text, remedy text)
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
    select
        'note',
        'switch-off',
        'switches',
        concat_ws(
            ', ',
            format('%s is off%s', w.switch, case when w.scope <> 'all' then ' for ' || w.scope else '' end),
            'since ' || to_char(w.since, 'YYYY-MM-DD HH24:MI:SS "UTC"'),
            'by ' || w.changed_by
        ) || coalesce(': ' || w.reason, ''),
        case
            when w.scope = 'every dispatcher' then 'run a dispatcher with OUTBOUND_WEBHOOKS_ENABLED=true'
            when w.scope = 'this transaction' then 'reset outbound_webhooks.capture'
            else format('outbound-webhooks %s on', w.switch)
                || case when w.scope <> 'all' then ' --source ' || substr(w.scope, 8) else '' end
        end
    from outbound_webhooks.switches as w
    where not w.is_on
        and w.scope not like 'endpoint %' -- diagnose_endpoints tells of them
    union all
    select
        'note',
        'nobody-asks',
        'source ' || s.name,
        'no endpoint of any clinic asks for its events: it writes nothing, or only events',
        'outbound-webhooks create-endpoint CLINIC_ID https://...'
    from outbound_webhooks.event_sources as s
    where not exists (
        select
        from outbound_webhooks.endpoints as e
        where e.state <> 'retired'
            and e.event_types && (
                array['*', s.resource || '.*'] || array(select r ->> 'type' from jsonb_array_elements(s.rules) as r)
            )
    )
    union all
    select 'note', 'nothing-watched', 'sources', 'no table is watched yet', 'outbound-webhooks watch TABLE'
    where not exists (select from outbound_webhooks.event_sources)
    union all
    -- Settings of a role or of the database keep triggers from firing, or captures from working, without a trace.
    select
        'warning',
        'session-setting',
        case when r.setrole = 0 then 'settings' else format('role %s', r.setrole::regrole) end,
        format('%s is set for every session: its writes are not captured', c.setting),
        format(
            'alter %s%s reset %s',
            case
                when r.setrole <> 0 then format('role %s', r.setrole::regrole)
                when r.setdatabase = 0 then 'role all'
                else format('database %I', current_database())
            end,
            case when r.setrole <> 0 and r.setdatabase <> 0 then format(' in database %I', current_database()) end,
            split_part(c.setting, '=', 1)
        )
    from pg_db_role_setting as r
    cross join unnest(r.setconfig) as c (setting)
    where r.setdatabase in (0, (select d.oid from pg_database as d where d.datname = current_database()))
        and c.setting ~* '^(session_replication_role=replica|outbound_webhooks\.capture=(off|false|f|no|n|0))$'
$$;

revoke execute on function outbound_webhooks.diagnose_switches() from public;
comment on function outbound_webhooks.diagnose_switches() is 'What is switched off, or not used yet.';

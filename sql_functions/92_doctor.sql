-- doctor: what is wrong, or worth knowing, about what is watched, captured and sent; the worst first, each with its remedy.
-- Called by: DBAs, `outbound-webhooks doctor`, which adds what can only be seen from outside (docs/doctor.md).
-- Reads the catalog, our tables, and one row of each watched table. Changes nothing.
-- Locks: ACCESS SHARE on watched tables, for which it waits 100 ms at most.
-- p_environment: the one whose dispatchers are to send from here; null: whichever the database is armed for.
create or replace function outbound_webhooks.doctor(p_environment text default null)
    returns table (severity text, code text, subject text, finding text, remedy text)
    language sql
    stable
    security definer -- sees what captures see, and the ledger, whoever asks; tells no values of rows
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set lock_timeout = '100ms'
as $$
    select f.severity, f.code, f.subject, f.finding, f.remedy
    from (
        select d.* from outbound_webhooks.event_sources as s cross join lateral outbound_webhooks.diagnose_source(s) as d
        union all
        select d.* from outbound_webhooks.diagnose_strays() as d
        union all
        select d.* from outbound_webhooks.diagnose_installation() as d
        union all
        select d.* from outbound_webhooks.diagnose_policies() as d
        union all
        select d.* from outbound_webhooks.diagnose_arming(p_environment) as d
        union all
        select d.* from outbound_webhooks.diagnose_switches() as d
        union all
        select d.* from outbound_webhooks.diagnose_endpoints() as d
        union all
        select d.* from outbound_webhooks.diagnose_urls() as d
    ) as f
    order by array_position(array['problem', 'warning', 'note'], f.severity), f.subject, f.finding
$$;

revoke execute on function outbound_webhooks.doctor(text) from public;
grant execute on function outbound_webhooks.doctor(text) to outbound_webhooks_admin, outbound_webhooks_monitor;
comment on function outbound_webhooks.doctor(text) is
    'What is wrong, or worth knowing, about what is watched, captured and sent: the worst first, each finding with its remedy. '
    'Changes nothing.';

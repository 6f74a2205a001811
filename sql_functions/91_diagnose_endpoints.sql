-- diagnose_endpoints: which endpoints get nothing, because they are stopped?
-- Called by: doctor. Locks: nothing. One finding for all of a state: there may be thousands.
create or replace function outbound_webhooks.diagnose_endpoints()
    returns table (severity text, code text, subject text, finding text, remedy text)
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
    select
        case when e.state = 'disabled' then 'warning' else 'note' end,
        case when e.state = 'disabled' then 'endpoints-disabled' else 'endpoints-paused' end,
        'endpoints',
        format(
            '%s, since %s or later: %s (%s)', e.state, to_char(min(e.state_changed_at), 'YYYY-MM-DD HH24:MI:SS "UTC"'),
            count(*), string_agg(e.id::text, ', ' order by e.id) filter (where e.n <= 10)
                || case when count(*) > 10 then ', ...' else '' end
        ),
        format(
            '%soutbound-webhooks resume ENDPOINT; why, since when and by whom: outbound-webhooks switches',
            case when e.state = 'disabled' then 'when its receiver answers again: ' else '' end
        )
    from (
        select s.id, s.state, s.state_changed_at, row_number() over (partition by s.state order by s.id) as n
        from outbound_webhooks.endpoints as s
        where s.state in ('disabled', 'paused')
    ) as e
    group by e.state
$$;

revoke execute on function outbound_webhooks.diagnose_endpoints() from public;
comment on function outbound_webhooks.diagnose_endpoints() is 'Endpoints that are disabled or paused.';

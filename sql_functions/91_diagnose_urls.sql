-- diagnose_urls: is the URL policy open, and which endpoints would it refuse by now?
-- Called by: doctor. Locks: nothing. One finding for all of a reason: there may be thousands.
create or replace function outbound_webhooks.diagnose_urls()
    returns table (severity text, code text, subject text, finding text, remedy text)
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
    select
        'note',
        'internal-urls',
        'endpoints',
        format(
            'their URLs may name internal hosts and private addresses, since %s, by %s: '
                'the OUTBOUND_WEBHOOKS_ALLOWED_NETWORKS of each dispatcher is all that decides',
            to_char(g.url_policy_changed_at, 'YYYY-MM-DD HH24:MI:SS "UTC"'), g.url_policy_changed_by
        ),
        'select outbound_webhooks.set_url_policy(false)'
    from outbound_webhooks.settings as g
    where g.internal_urls
    union all
    select
        'warning',
        'urls-refused',
        'endpoints',
        format(
            'their URLs would be refused today (%s), but are still called: %s (%s)', e.refusal, count(*),
            string_agg(e.id::text, ', ' order by e.id) filter (where e.n <= 10)
                || case when count(*) > 10 then ', ...' else '' end
        ),
        'retire them, or give them other URLs: update outbound_webhooks.endpoints set url = ''https://...'' where id = ...'
    from (
        select s.id, r.refusal, row_number() over (partition by r.refusal order by s.id) as n
        from outbound_webhooks.endpoints as s
        cross join outbound_webhooks.settings as g
        cross join lateral outbound_webhooks.url_refusal(s.url, g.internal_urls, g.allowed_ports) as r (refusal)
        where s.state <> 'retired'
            and r.refusal is not null
    ) as e
    group by e.refusal
$$;

revoke execute on function outbound_webhooks.diagnose_urls() from public;
comment on function outbound_webhooks.diagnose_urls() is 'An open URL policy, and endpoints that it would refuse by now.';

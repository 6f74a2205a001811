-- rows_judged: the next rows of a watched table, and of each gap whether an event was due: row_gaps and judge_gap.
-- Called by: reconcile_rows. Locks: ACCESS SHARE on the table. One statement, and so one moment.
-- kind: gap, off, unknown as of judge_gap; ledger: the change stands in the ledger, or was recaptured from it into nothing;
-- looked: how far it is. Of what is unknown a row for each code, with their number (place).
-- p_margin: a row says when its transaction began, or what a program says: what was switched, created or retired within
-- so long of that may have come before or after it.
create or replace function outbound_webhooks.rows_judged(
    p_source outbound_webhooks.event_sources, p_since timestamptz, p_until timestamptz, p_after text, p_limit integer,
    p_margin interval, p_now timestamptz
)
    returns table (
        kind text, code text, words text, clinic_id text, resource_id text, event_type text, field text, old_value jsonb,
        new_value jsonb, scale jsonb, since timestamptz, until timestamptz, place bigint, rule bigint
    )
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    with known as materialized (
        select
            outbound_webhooks.capture_off(p_source) as off,
            outbound_webhooks.rules_since(p_source) as rules_since,
            outbound_webhooks.events_known_since() as known_since
    ),
    found as materialized (
        select g.*
        from outbound_webhooks.row_gaps(p_source, p_after, p_limit, p_now) as g
        where g.code = 'looked'
            or (
                coalesce(g.since, '-infinity') < p_until
                and case when g.code = 'row_without_event' then g.since else g.until end >= p_since
            )
    ),
    clinic as materialized (
        select e.clinic_id, range_agg(
            tstzrange(e.created_at, case when e.state = 'retired' then greatest(e.created_at, e.state_changed_at) end)
        ) as had_endpoint
        from outbound_webhooks.endpoints as e
        where e.clinic_id = any (array(select f.clinic_id from found as f))
        group by e.clinic_id
    ),
    judged as materialized (
        select
            f.*,
            case when j.kind in ('gap', 'unknown') and l.is_there then 'ledger' else j.kind end as kind,
            case when j.kind in ('gap', 'unknown') and l.is_there then 'in_ledger' else coalesce(j.code, f.code) end as as_code,
            j.words
        from found as f
        cross join known as k
        join clinic as n on n.clinic_id = f.clinic_id
        cross join lateral outbound_webhooks.judge_gap(
            case when f.code = 'row_without_event'
                then tstzrange(f.since - p_margin, f.until + p_margin, '[]') else tstzrange(f.since, f.until, '[]')
            end,
            n.had_endpoint, k.off, p_source.created_at, k.rules_since, k.known_since
        ) as j
        cross join lateral (
            select exists (
                select
                from outbound_webhooks.capture_errors as c
                where c.source = p_source.name
                    and c.resource_id = f.resource_id
                    and (c.recaptured_at is null or c.recaptured_as = '{}')
                    and (c.event_types is null or f.event_type = any (c.event_types))
                    and case when f.code = 'row_without_event'
                        then c.operation = 'INSERT'
                        else c.operation = 'UPDATE' and c.occurred_at between f.since and f.until
                    end
            )
        ) as l (is_there)
        where j.kind is not null
            and f.code in ('row_without_event', 'change_between_events', 'change_without_event')
    )
    select
        j.kind, j.as_code, j.words, j.clinic_id, j.resource_id, j.event_type, j.field, j.old_value, j.new_value, j.scale,
        j.since, j.until, j.place, j.rule
    from judged as j
    where j.kind <> 'unknown'
    union all
    select 'unknown', u.code, min(u.words), null, null, null, null, null, null, null, null, null, count(*), null
    from (
        select j.as_code, j.words from judged as j where j.kind = 'unknown'
        union all
        select f.code, w.words
        from found as f
        join (values
            ('limit_changed', 'a number grew, and what it has to stay below was changed, too: whether that made an event is not known'),
            ('silent', 'no event of the row is kept: whether it was changed since cannot be seen'),
            ('no_time', 'no event of its insertion is kept, and the row does not say when it was made')
        ) as w (code, words) on w.code = f.code
        where not exists (
            select from judged as j where j.resource_id = f.resource_id and j.kind = 'gap' and j.as_code = 'row_without_event'
        )
    ) as u (code, words)
    group by u.code
    union all
    select 'looked', 'rows', null, null, f.resource_id, null, null, null, null, null, null, null, f.place, null
    from found as f
    where f.code = 'looked'
$$;

revoke execute on function outbound_webhooks.rows_judged(
    outbound_webhooks.event_sources, timestamptz, timestamptz, text, integer, interval, timestamptz
) from public;
comment on function outbound_webhooks.rows_judged(
    outbound_webhooks.event_sources, timestamptz, timestamptz, text, integer, interval, timestamptz
) is
    'The next rows of a watched table, and of each gap whether an event was due.';

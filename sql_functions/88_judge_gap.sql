-- judge_gap: was an event due in a time, or cannot that be known? The time is that in which a change was made.
-- Called by: reconcile_rows. Locks: nothing. gap: it was due, and it is missing. off: capture was switched off then.
-- unknown: something of that time is not known, or it was so only for a part of it. Null: none was due.
-- p_endpoints: when the clinic had an endpoint. p_off: when capture was off. p_known_since: from when on no event is gone.
create or replace function outbound_webhooks.judge_gap(
    p_time tstzrange,
    p_endpoints tstzmultirange,
    p_off tstzmultirange,
    p_watched_since timestamptz,
    p_rules_since timestamptz,
    p_known_since timestamptz
)
    returns table (kind text, code text, words text)
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select v.kind, v.code, v.words
    from (values
        (1, upper(p_time) < p_watched_since or not p_endpoints && p_time, null, null, null),
        (2, p_off @> p_time, 'off', 'capture_off', 'capture was switched off then'),
        (3, lower(p_time) < p_known_since, 'unknown', 'not_kept',
            'events and the audit log are not kept for so long: there may have been an event'),
        (4, lower(p_time) < p_rules_since, 'unknown', 'rules_changed',
            'the table was not watched yet, or by another mapping or other rules, for a part of that time'),
        (5, p_off && p_time, 'unknown', 'partly_off', 'capture was switched off for a part of that time'),
        (6, not p_endpoints @> p_time, 'unknown', 'partly_no_endpoint', 'the clinic had no endpoint for a part of that time'),
        (7, true, 'gap', null, null)
    ) as v (n, holds, kind, code, words)
    where v.holds
    order by v.n
    limit 1
$$;

revoke execute on function outbound_webhooks.judge_gap(
    tstzrange, tstzmultirange, tstzmultirange, timestamptz, timestamptz, timestamptz
) from public;
comment on function outbound_webhooks.judge_gap(
    tstzrange, tstzmultirange, tstzmultirange, timestamptz, timestamptz, timestamptz
) is
    'Whether an event was due in a time, or that cannot be known.';

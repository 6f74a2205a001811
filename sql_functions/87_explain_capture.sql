-- explain_capture: what keeps the writes of a row of a watched table from becoming events; and why they made none so far,
-- as far as the present state tells: a switch knows when it was thrown last, and nothing of before; an endpoint when it
-- was created; a row when it says that it was made.
-- Called by: explain_row. Locks: nothing. p_problem: why the row is not known. p_is_silent: nothing came of it so far.
create or replace function outbound_webhooks.explain_capture(
    p_source outbound_webhooks.event_sources,
    p_clinic_id text,
    p_created_at timestamptz,
    p_problem text,
    p_is_silent boolean
)
    returns table (code text, words text, since timestamptz, until timestamptz)
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select l.code, l.words, l.since, l.until
    from (
        select v.*, row_number() over (order by v.n) as position
        from outbound_webhooks.settings as g
        cross join lateral (
            select min(e.created_at) as first_at, bool_or(e.state <> 'retired') as has_one
            from outbound_webhooks.endpoints as e
            where e.clinic_id = p_clinic_id
        ) as n
        -- A row that does not say when it was made may be as old as any.
        cross join lateral (select coalesce(p_created_at, '-infinity') as at) as made
        cross join lateral (values
            (1, 'no_row', p_problem is not null, null::timestamptz, null::timestamptz, p_problem),
            (2, 'capture_off', not g.capture, g.capture_changed_at, null,
                format('capture is off, by %s: nothing is captured', g.capture_changed_by)),
            (3, 'source_off', not p_source.capture, p_source.capture_changed_at, null,
                format('capture is off for %s, by %s', p_source.name, p_source.capture_changed_by)),
            (4, 'no_clinic', p_problem is null and coalesce(p_clinic_id, '') = '', null, null,
                'the row has no clinic: nobody is told of it'),
            (5, 'clinic_without_endpoint', p_clinic_id <> '' and n.has_one is not true, null, null,
                format('clinic %s has no endpoint: what is written for it makes no event', p_clinic_id)),
            (6, 'watched_later', p_is_silent and made.at < p_source.created_at, null, p_source.created_at,
                'what was written before made no event: the table was not watched yet'),
            (7, 'capture_was_off', p_is_silent and g.capture and made.at < g.capture_changed_at,
                null, g.capture_changed_at, 'what was written directly before made no event: capture was off'),
            (8, 'source_was_off', p_is_silent and p_source.capture and made.at < p_source.capture_changed_at
                and p_source.capture_changed_at > p_source.created_at, null, p_source.capture_changed_at,
                format('what was written directly before made no event: capture was off for %s', p_source.name)),
            (9, 'endpoint_later', p_is_silent and n.has_one and made.at < n.first_at, null, n.first_at,
                'what was written before made no event: the clinic had no endpoint yet'),
            (10, 'not_captured', p_is_silent, null, null,
                'no reason is known: no rule made an event of what was written; or the transaction, its role or its'
                ' session had capture off, or fired no trigger; or the event was older than what is kept')
        ) as v (n, code, holds, since, until, words)
        where v.holds
    ) as l
    where l.code <> 'not_captured' or l.position = 1
    order by l.n
$$;

revoke execute on function outbound_webhooks.explain_capture(
    outbound_webhooks.event_sources, text, timestamptz, text, boolean
)
    from public;
comment on function outbound_webhooks.explain_capture(
    outbound_webhooks.event_sources, text, timestamptz, text, boolean
) is
    'What keeps a row from being captured, and what kept it, as far as is known.';

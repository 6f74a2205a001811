-- event_gaps: the next events of a source, by id, and what of their deliveries is not as it should be.
-- Called by: reconcile_events. Locks: nothing. One statement, and so one moment: a delivery that ends at this moment is
-- live or finished.
-- gap: the endpoint asked for the event when it was made, and has no delivery of it, live or finished. What it asked for
-- then stands in the audit log, which has every change since. unknown: finished deliveries of that time may be gone, or the
-- endpoint was created or changed within p_margin of the event. surplus: more than one delivery of one event to one
-- endpoint; or a live delivery of an event that is not there. looked: how far it is, and the number of events.
-- An endpoint that was retired since is owed nothing any more.
create or replace function outbound_webhooks.event_gaps(
    p_source outbound_webhooks.event_sources, p_first uuid, p_end uuid, p_limit integer, p_margin interval
)
    returns table (
        kind text, code text, words text, clinic_id text, resource_id text, event_type text, event_id uuid, endpoint_id bigint,
        number bigint
    )
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set jit = off
as $$
    with page as materialized (
        select e.id, e.clinic_id, e.type, e.resource_id, e.source, e.body, outbound_webhooks.uuid_v7_time(e.id) as at
        from outbound_webhooks.events as e
        where e.id > p_first
            and e.id < p_end
        order by e.id
        limit p_limit
    ),
    made as materialized (
        select d.event_id, d.endpoint_id, count(distinct d.id) as n
        from page as p
        cross join lateral (
            select d.event_id, d.endpoint_id, d.id from outbound_webhooks.deliveries as d where d.event_id = p.id
            union all
            select f.event_id, f.endpoint_id, f.id from outbound_webhooks.finished_deliveries as f where f.event_id = p.id
        ) as d
        where p.source = p_source.name
        group by d.event_id, d.endpoint_id
    ),
    change as materialized (
        select (split_part(l.subject, ' ', 2))::bigint as endpoint_id, l.id, l.at, l.details -> 'before' as before
        from outbound_webhooks.audit_log as l
        where l.clinic_id = any (array(select p.clinic_id from page as p))
            and l.action = 'endpoint.changed'
            and l.details -> 'after' ?| array['event_types', 'filter']
    ),
    missing as materialized (
        select p.*, n.id as endpoint_id, n.created_at, s.was_changed, s.event_types, s.filter
        from page as p
        join outbound_webhooks.endpoints as n
            on n.clinic_id = p.clinic_id and n.created_at < p.at and n.state <> 'retired'
        cross join lateral (
            select
                coalesce(bool_or(c.at between p.at - p_margin and p.at + p_margin), false) as was_changed,
                -- What the first change since changed, it was before.
                coalesce(
                    (array_agg(c.before -> 'event_types' order by c.id) filter (where c.at > p.at and c.before ? 'event_types'))[1],
                    to_jsonb(n.event_types)
                ) as event_types,
                coalesce(
                    (array_agg(c.before -> 'filter' order by c.id) filter (where c.at > p.at and c.before ? 'filter'))[1],
                    n.filter, 'null'
                ) as filter
            from change as c
            where c.endpoint_id = n.id
        ) as s
        where p.source = p_source.name
            and not exists (select from made as m where m.event_id = p.id and m.endpoint_id = n.id)
    ),
    judged as (
        select
            case
                when m.was_changed or m.created_at > m.at - p_margin then 'unknown'
                when m.at < k.since and m.created_at < k.since then 'unknown'
                else 'gap'
            end as kind,
            m.*
        from missing as m
        cross join (select outbound_webhooks.deliveries_known_since()) as k (since)
        where m.event_types ?| outbound_webhooks.event_patterns(m.type)
            and (m.filter = 'null' or outbound_webhooks.matches_now(m.body, m.filter))
    ),
    last as (select p.id, count(*) over () as n from page as p order by p.id desc limit 1)
    select
        'gap', 'event_without_delivery', 'the endpoint asked for the event, and has no delivery of it', j.clinic_id,
        j.resource_id, j.type, j.id, j.endpoint_id, 1::bigint
    from judged as j
    where j.kind = 'gap'
    union all
    select
        'unknown', 'no_delivery',
        'no delivery, and finished ones of that time are gone, or the endpoint was created or changed at about that time',
        null, null, null, null, null, count(*)
    from judged as j
    where j.kind = 'unknown'
    having count(*) > 0
    union all
    select
        'surplus', 'delivered_twice', format('the event has %s deliveries to the endpoint', m.n), p.clinic_id, p.resource_id,
        p.type, p.id, m.endpoint_id, 1
    from made as m
    join page as p on p.id = m.event_id
    where m.n > 1
    union all
    select
        'surplus', 'delivery_without_event', format('the event of delivery %s is gone: cancel it', d.id), d.clinic_id, null,
        null, d.event_id, d.endpoint_id, 1
    from outbound_webhooks.deliveries as d
    where d.event_id > p_first
        and d.event_id < p_end
        -- On a full page, as far as it goes: what is behind it comes with the next one.
        and d.event_id <= coalesce((select l.id from last as l where l.n = p_limit), p_end)
        and not exists (select from outbound_webhooks.events as e where e.id = d.event_id)
    union all
    select 'looked', 'events', null, null, null, null, l.id, null, l.n from last as l
$$;

revoke execute on function outbound_webhooks.event_gaps(
    outbound_webhooks.event_sources, uuid, uuid, integer, interval
) from public;
comment on function outbound_webhooks.event_gaps(
    outbound_webhooks.event_sources, uuid, uuid, integer, interval
) is
    'The next events of a source, and which of their deliveries are missing.';

-- explain_missing: why there is no delivery of an event to an endpoint. Either may be null, if there is none.
-- Called by: explain. Locks: nothing. The rules are those of insert_event, by the functions that it uses; those of
-- insert_notice, for operational events; and those of begin_test. What an endpoint asked for at the time of the event is
-- not kept: a reason that is found is one of today, and where none is found, the endpoint was another one then. Before such
-- a reason, and if no other is sure, it is said that a delivery may have been there, and be gone.
create or replace function outbound_webhooks.explain_missing(
    p_event outbound_webhooks.events,
    p_endpoint outbound_webhooks.endpoints
)
    returns table (code text, words text, since timestamptz, until timestamptz)
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select l.code, l.words, l.since, null::timestamptz
    from (
        select v.*, row_number() over (order by v.n) as position
        from (
            select
                p_event.clinic_id = p_endpoint.clinic_id as is_of_clinic,
                outbound_webhooks.uuid_v7_time(p_event.id) as made_at,
                outbound_webhooks.deliveries_known_since() as known_since,
                split_part(p_event.type, '.', 1) in ('endpoint', 'delivery') as is_notice,
                p_event.type = 'webhook.test' as is_test,
                outbound_webhooks.event_patterns(p_event.type) as patterns,
                array_to_string(p_endpoint.event_types, ', ') as asks_for,
                case when p_endpoint.filter is not null
                    then outbound_webhooks.filter_gap(p_event.body, p_endpoint.filter)
                end as gap
        ) as m
        cross join lateral (values
            (1, 'unknown_event', p_event.id is null, null::timestamptz,
                'there is no such event: it never was, or it is older than what is kept'),
            (2, 'unknown_endpoint', p_endpoint.id is null, null, 'there is no such endpoint'),
            (3, 'another_clinic', not m.is_of_clinic, null,
                format('the event is of clinic %s, the endpoint of clinic %s', p_event.clinic_id, p_endpoint.clinic_id)),
            (4, 'created_later', m.is_of_clinic and p_endpoint.created_at > m.made_at, p_endpoint.created_at,
                'the endpoint was created after the event'),
            (5, 'retired', m.is_of_clinic and p_endpoint.state = 'retired' and p_endpoint.state_changed_at <= m.made_at,
                p_endpoint.state_changed_at, 'the endpoint was retired before the event'),
            (6, 'about_itself', m.is_of_clinic and m.is_notice and p_event.resource_id = p_endpoint.id::text, null,
                'an endpoint is not told of itself'),
            (7, 'not_active', m.is_of_clinic and m.is_notice and p_endpoint.state <> 'active'
                and p_endpoint.state_changed_at <= m.made_at, p_endpoint.state_changed_at,
                format('an operational event goes to active endpoints only: this one is %s', p_endpoint.state)),
            (8, 'of_a_test', m.is_of_clinic and m.is_test and p_event.resource_id <> p_endpoint.id::text, null,
                format('a test goes to the endpoint that is tested, which is %s, and to no other', p_event.resource_id)),
            (9, 'not_known', m.is_of_clinic and greatest(m.made_at, p_endpoint.created_at) < m.known_since, null,
                format('the event is older than finished deliveries are kept: those from before %s are gone, and whether the'
                    ' endpoint had one of it is not known any more', to_char(m.known_since at time zone 'UTC', 'YYYY-MM-DD'))),
            (10, 'type', m.is_of_clinic and not m.is_notice and not m.is_test and not p_endpoint.event_types && m.patterns, null,
                format('the endpoint asks for %s, not for %s', m.asks_for, p_event.type)),
            (11, 'not_by_name', m.is_of_clinic and m.is_notice
                and not p_endpoint.event_types && array_remove(m.patterns, '*'), null,
                format('the endpoint asks for %s, and * does not ask for %s', m.asks_for, p_event.type)),
            (12, 'filter', m.is_of_clinic and not m.is_notice and not m.is_test and m.gap is not null, null,
                format('the endpoint''s filter does not match: %s', m.gap)),
            (13, 'matches_now', true, null,
                'the endpoint would get such an event now: it was changed since, or made in a transaction that was'
                ' committed later than the event''s')
        ) as v (n, code, holds, since, words)
        where v.holds
    ) as l
    where l.code not in ('not_known', 'matches_now') or l.position = 1
    order by l.n
$$;

revoke execute on function outbound_webhooks.explain_missing(outbound_webhooks.events, outbound_webhooks.endpoints)
    from public;
comment on function outbound_webhooks.explain_missing(outbound_webhooks.events, outbound_webhooks.endpoints) is
    'Why there is no delivery of an event to an endpoint.';

-- reconcile_events: the next events of a source: which deliveries of them are missing; or make those.
-- Called by: DBAs, `outbound-webhooks reconcile`, page by page in transactions of their own; reconcile.
-- Locks: nothing that a payment waits for. With p_recapture, see begin_recapture; and reevaluations wait. What it makes is
-- due one by one, a hundred a second.
create or replace function outbound_webhooks.reconcile_events(
    p_source text,
    p_since timestamptz default null,
    p_until timestamptz default null,
    p_after uuid default null,
    p_limit integer default 1000,
    p_margin interval default '10 seconds',
    p_recapture boolean default false
)
    returns table (
        kind text, code text, words text, clinic_id text, resource_id text, event_type text, event_id uuid, endpoint_id bigint,
        since timestamptz, until timestamptz, number bigint, event_ids uuid[], problem text
    )
    language plpgsql
    volatile
    security definer -- the admin role writes deliveries only through functions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_source constant outbound_webhooks.event_sources := outbound_webhooks.source_named(p_source);
    -- Ids have no more of the time than a millisecond; the least one is excluded, and is nobody's.
    v_first constant uuid := coalesce(p_after, outbound_webhooks.uuid_v7_floor(greatest(p_since, timestamptz 'epoch')));
    v_end constant uuid := outbound_webhooks.uuid_v7_floor(least(p_until, clock_timestamp() + interval '1 day'));
    v_event_ids uuid[] := '{}';
    v_endpoint_ids bigint[] := '{}';
    v_found record;
begin
    perform outbound_webhooks.check_span(p_since, p_until, p_margin);
    if p_recapture then
        perform outbound_webhooks.begin_recapture();
        -- Reevaluations make deliveries of past events, too.
        perform pg_advisory_xact_lock(hashtextextended('outbound_webhooks.reevaluate', 0));
    end if;
    for v_found in
        select g.*
        from outbound_webhooks.event_gaps(v_source, v_first, v_end, p_limit, p_margin) as g
        order by g.kind = 'looked', g.kind = 'unknown', g.event_id, g.endpoint_id
    loop
        if p_recapture and v_found.kind = 'gap' then
            v_event_ids := v_event_ids || v_found.event_id;
            v_endpoint_ids := v_endpoint_ids || v_found.endpoint_id;
            event_ids := array[v_found.event_id];
        else
            event_ids := null;
        end if;
        kind := v_found.kind;
        code := v_found.code;
        words := v_found.words;
        clinic_id := v_found.clinic_id;
        resource_id := v_found.resource_id;
        event_type := v_found.event_type;
        event_id := v_found.event_id;
        endpoint_id := v_found.endpoint_id;
        since := outbound_webhooks.uuid_v7_time(v_found.event_id);
        until := since;
        number := v_found.number;
        return next;
    end loop;
    if v_event_ids <> '{}' then
        perform outbound_webhooks.give_deliveries(v_event_ids, v_endpoint_ids, clock_timestamp(), 100);
        perform outbound_webhooks.ring_doorbell();
    end if;
end
$$;

revoke execute on function outbound_webhooks.reconcile_events(
    text, timestamptz, timestamptz, uuid, integer, interval, boolean
) from public;
grant execute on function outbound_webhooks.reconcile_events(
    text, timestamptz, timestamptz, uuid, integer, interval, boolean
) to outbound_webhooks_admin;
comment on function outbound_webhooks.reconcile_events(
    text, timestamptz, timestamptz, uuid, integer, interval, boolean
) is
    E'The second half of reconcile(), a page at a time: events of a source whose deliveries are missing. The last row that '
    'is returned, of kind looked, has the number of events that were looked at, and in event_id the one behind which the '
    'next page begins; if there is none, nothing is left.\n'
    'p_source: the event source.\n'
    'p_since: events from this time on.\n'
    'p_until: events before this time.\n'
    'p_after: events behind this one; the first ones if left out.\n'
    'p_limit: how many events are looked at, those of other sources among them.\n'
    'p_margin: see reconcile().\n'
    'p_recapture: true: make the missing deliveries; event_ids says that it was done.';

-- insert_event: one event, and one delivery for each endpoint of the clinic that asks for it; then the doorbell.
-- Called by: generated capture functions, emit(), emit_rows(), recapture(). One statement writes both, so neither exists
-- without the other. p_occurred_at is what the body says; the id is always of this moment, as its partition exists.
-- Locks: nothing of the endpoints (no foreign key, no FOR SHARE): a payment never waits for an endpoint's change.
-- A subscription that changes at the same moment is seen as of the writer's snapshot; the claim looks again.
create or replace function outbound_webhooks.insert_event(
    p_clinic_id text,
    p_type text,
    p_resource text,
    p_resource_id text,
    p_data json,
    p_source text default null,
    p_occurred_at timestamptz default null
)
    returns uuid
    language plpgsql
    volatile
    security invoker
as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_event_id constant uuid := outbound_webhooks.event_id(v_now);
    v_occurred_at constant timestamptz := coalesce(p_occurred_at, v_now);
    v_patterns constant text[] := outbound_webhooks.event_patterns(p_type);
    v_body constant text := outbound_webhooks.event_body(p_type, v_occurred_at, p_data);
begin
    if octet_length(v_body) > 4096 then
        perform outbound_webhooks.check_body_size(octet_length(v_body));
    end if;

    with event as (
        insert into outbound_webhooks.events (
            id, clinic_id, type, resource, resource_id, source, occurred_at, body, traceparent, actor, request_id
        )
        values (
            v_event_id, p_clinic_id, p_type, p_resource, p_resource_id, p_source, v_occurred_at, v_body,
            outbound_webhooks.traceparent(),
            outbound_webhooks.transaction_label('outbound_webhooks.actor'),
            outbound_webhooks.transaction_label('outbound_webhooks.request_id')
        )
    )
    insert into outbound_webhooks.deliveries (event_id, endpoint_id, clinic_id, ordering_key, created_at, next_attempt_at)
    select
        v_event_id,
        e.id,
        p_clinic_id,
        case when e.ordering = 'per_resource' then p_resource || ':' || p_resource_id end,
        v_now,
        v_now + make_interval(secs => coalesce(e.retry_schedule[1], 0))
    from outbound_webhooks.endpoints as e
    where e.clinic_id = p_clinic_id
        and e.state <> 'retired'
        and e.event_types && v_patterns
        -- In a select of its own, a payment's data do not become a constant of the plan, which auto_explain would log.
        and (e.filter is null or outbound_webhooks.matches_filter((select p_data), e.filter));

    -- Does somebody sleep, while nobody is awake? Asleep first, and by itself: while work flows nobody sleeps, and an
    -- expression that is not reached costs nothing.
    if found and outbound_webhooks.promise_stands(
        'outbound_webhooks.asleep_until'::regclass, (date_part('epoch', v_now) * 1000)::bigint
    ) then
        if not outbound_webhooks.promise_stands(
            'outbound_webhooks.awake_until'::regclass, (date_part('epoch', v_now) * 1000)::bigint
        ) then
            perform outbound_webhooks.ring_doorbell();
        end if;
    end if;
    return v_event_id;
end
$$;

revoke execute on function outbound_webhooks.insert_event(text, text, text, text, json, text, timestamptz) from public;
comment on function outbound_webhooks.insert_event(text, text, text, text, json, text, timestamptz) is
    'Insert an event and its deliveries in one statement and ring the doorbell; returns the event id.';

-- insert_event: one event, and one delivery for each endpoint of the clinic that asks for it; then the doorbell.
-- Called by: generated capture functions and emit(). One statement writes both, so neither exists without the other.
-- Locks: nothing of the endpoints (no foreign key, no FOR SHARE): a payment never waits for an endpoint's change.
-- A subscription that changes at the same moment is seen as of the writer's snapshot; the claim looks again.
create or replace function outbound_webhooks.insert_event(
    p_clinic_id text,
    p_type text,
    p_resource text,
    p_resource_id text,
    p_data json,
    p_source text default null
)
    returns uuid
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_event_id constant uuid := outbound_webhooks.uuid_v7(v_now);
    v_deliveries bigint;
begin
    with event as (
        insert into outbound_webhooks.events (id, clinic_id, type, resource, resource_id, source, occurred_at, body)
        values (
            v_event_id, p_clinic_id, p_type, p_resource, p_resource_id, p_source, v_now,
            json_build_object(
                'type', p_type,
                'timestamp', to_char(v_now at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                'data', p_data
            )::text
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
        and e.event_types && array['*', split_part(p_type, '.', 1) || '.*', p_type]
        and (e.filter is null or outbound_webhooks.matches_filter(p_data, e.filter));

    get diagnostics v_deliveries = row_count;
    if v_deliveries > 0 then
        perform outbound_webhooks.ring_doorbell();
    end if;
    return v_event_id;
end
$$;

revoke execute on function outbound_webhooks.insert_event(text, text, text, text, json, text) from public;
comment on function outbound_webhooks.insert_event(text, text, text, text, json, text) is
    'Insert an event and its deliveries in one statement and ring the doorbell; returns the event id.';

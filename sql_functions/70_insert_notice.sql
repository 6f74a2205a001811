-- insert_notice: an operational event, for those of a clinic's active endpoints that ask for it by name: endpoint.disabled
-- or endpoint.*, not *. What an endpoint's filter says is about payments, and does not count here.
-- Called by: tell_operations. Locks: nothing. p_about is the endpoint that it tells of, which does not get it itself.
create or replace function outbound_webhooks.insert_notice(p_clinic_id text, p_type text, p_about bigint, p_data jsonb)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_id constant uuid := outbound_webhooks.event_id(v_now);
    v_patterns constant text[] := array_remove(outbound_webhooks.event_patterns(p_type), '*');
begin
    with event as (
        insert into outbound_webhooks.events (id, clinic_id, type, resource, resource_id, occurred_at, body)
        values (
            v_id, p_clinic_id, p_type, split_part(p_type, '.', 1), p_about::text, v_now,
            outbound_webhooks.event_body(p_type, v_now, p_data::json)
        )
    )
    insert into outbound_webhooks.deliveries (event_id, endpoint_id, clinic_id, created_at, next_attempt_at)
    select v_id, e.id, p_clinic_id, v_now, v_now
    from outbound_webhooks.endpoints as e
    where e.clinic_id = p_clinic_id
        and e.id <> p_about
        and e.state = 'active'
        and e.event_types && v_patterns;
end
$$;

revoke execute on function outbound_webhooks.insert_notice(text, text, bigint, jsonb) from public;
comment on function outbound_webhooks.insert_notice(text, text, bigint, jsonb) is
    'Insert an operational event and its deliveries.';

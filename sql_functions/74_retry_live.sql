-- retry_live: make a live delivery due now. In flight, parked, or behind an older one of its payment, it is refused: there
-- nothing that we did would make it arrive sooner.
-- Called by: retry_delivery, which holds the row locked, and found its endpoint active. Locks: nothing more.
create or replace function outbound_webhooks.retry_live(p_delivery outbound_webhooks.deliveries)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_older constant bigint := outbound_webhooks.older_delivery(p_delivery);
begin
    if p_delivery.lease_token is not null then
        raise exception 'delivery % is in flight: its result decides', p_delivery.id
            using errcode = 'object_not_in_prerequisite_state', hint = 'Wait for it, and retry if it is needed then.';
    elsif p_delivery.parked_reason = 'breaker' then
        raise exception 'delivery % is parked: the circuit breaker of endpoint % is open', p_delivery.id, p_delivery.endpoint_id
            using errcode = 'object_not_in_prerequisite_state',
                hint = 'It probes by itself (endpoint_status.probe_at), and what is parked goes once a probe succeeds.';
    elsif p_delivery.parked_reason is not null then
        raise exception 'delivery % is parked: endpoint % was resumed, and is being sent what was kept', p_delivery.id, p_delivery.endpoint_id
            using errcode = 'object_not_in_prerequisite_state',
                hint = format('To send it faster: resume_endpoint(%s, RATE).', p_delivery.endpoint_id);
    elsif v_older is not null then
        raise exception 'delivery % waits behind delivery % of the same payment: endpoint % keeps order', p_delivery.id, v_older, p_delivery.endpoint_id
            using errcode = 'object_not_in_prerequisite_state', hint = format('Retry or cancel delivery %s.', v_older);
    end if;
    update outbound_webhooks.deliveries as d
    set
        next_attempt_at = least(d.next_attempt_at, v_now),
        held_back = false,
        in_bulk = false,
        failure_count = 0,
        manual_attempt = d.attempt_count + 1,
        retried_at = v_now
    where d.id = p_delivery.id;
end
$$;

revoke execute on function outbound_webhooks.retry_live(outbound_webhooks.deliveries) from public;
comment on function outbound_webhooks.retry_live(outbound_webhooks.deliveries) is
    'Make a waiting delivery due now, its schedule begun anew; or say why not.';

-- cancel_delivery: give up one live delivery, with a reason: one that waits, or is parked.
-- Called by: DBAs, the admin API. Locks: the delivery, then its endpoint's hours. What waits behind it, where order is
-- kept, goes. Raises why not, where it is in flight, as its request may have arrived, or has ended.
create or replace function outbound_webhooks.cancel_delivery(
    p_delivery_id bigint,
    p_reason text default 'cancelled by hand'
)
    returns void
    language plpgsql
    volatile
    security definer -- the admin role moves deliveries only through functions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_live outbound_webhooks.deliveries;
    v_ended_as text;
begin
    if coalesce(p_reason, '') = '' then
        raise exception 'a reason is needed: it stays with the delivery' using errcode = 'invalid_parameter_value';
    end if;
    -- Twice: what another session retries between the two questions was not live yet, and is not finished any more.
    for v_look in 1..2 loop
        select d.* into v_live
        from outbound_webhooks.deliveries as d
        where d.id = p_delivery_id
            and outbound_webhooks.caller_sees(d.clinic_id)
        for update;
        exit when found;
        select f.state into v_ended_as
        from outbound_webhooks.finished_deliveries as f
        where f.id = p_delivery_id
            and outbound_webhooks.caller_sees(f.clinic_id);
        exit when found;
    end loop;
    if v_ended_as is not null then
        raise exception 'delivery % has ended: it is %', p_delivery_id, v_ended_as
            using errcode = 'object_not_in_prerequisite_state';
    elsif v_live.id is null then
        raise exception 'there is no delivery %', p_delivery_id
            using errcode = 'no_data_found', hint = 'Look for it in outbound_webhooks.delivery_log.';
    elsif v_live.lease_token is not null then
        raise exception 'delivery % is in flight: its result decides', p_delivery_id
            using errcode = 'object_not_in_prerequisite_state', hint = 'Wait for it, and cancel if it is needed then.';
    end if;

    perform outbound_webhooks.finish_deliveries(array[v_live.id], 'cancelled', p_reason);
    perform outbound_webhooks.record_audit(
        'delivery.cancelled', v_live.clinic_id, format('delivery %s', p_delivery_id),
        jsonb_build_object('endpoint_id', v_live.endpoint_id, 'event_id', v_live.event_id, 'reason', p_reason)
    );
end
$$;

revoke execute on function outbound_webhooks.cancel_delivery(bigint, text) from public;
grant execute on function outbound_webhooks.cancel_delivery(bigint, text) to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.cancel_delivery(bigint, text) is
    E'Give up a delivery that waits or is parked; it stays on record, and can be retried.\n'
    'p_delivery_id: its id, as in delivery_log.\n'
    'p_reason: stays with it.';

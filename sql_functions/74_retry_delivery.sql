-- retry_delivery: one delivery again, now: the same webhook-id and body, its retry schedule begun anew.
-- Called by: DBAs, the admin API, `outbound-webhooks retry`. Locks: the delivery.
-- docs/operations.md has the table of what is retried and what is refused. Raises why not, and what to do.
-- Returns what comes of it, in words: due now, or what keeps it from being sent, as explain() says it.
create or replace function outbound_webhooks.retry_delivery(p_delivery_id bigint)
    returns text
    language plpgsql
    volatile
    security definer -- the admin role moves deliveries only through functions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_was text;
    v_live outbound_webhooks.deliveries;
    v_finished outbound_webhooks.finished_deliveries;
begin
    -- Twice: what another session retries between the two questions was not live yet, and is not finished any more.
    for v_look in 1..2 loop
        select d.* into v_live
        from outbound_webhooks.deliveries as d
        where d.id = p_delivery_id
            and outbound_webhooks.caller_sees(d.clinic_id)
        for update;
        if found then
            v_was := 'pending';
            perform outbound_webhooks.check_retry(v_live.id, v_live.endpoint_id, v_live.event_id);
            perform outbound_webhooks.retry_live(v_live);
            exit;
        end if;
        select f.* into v_finished
        from outbound_webhooks.finished_deliveries as f
        where f.id = p_delivery_id
            and outbound_webhooks.caller_sees(f.clinic_id)
        for update;
        if found then
            v_was := v_finished.state;
            perform outbound_webhooks.check_retry(v_finished.id, v_finished.endpoint_id, v_finished.event_id);
            perform outbound_webhooks.return_deliveries(
                array[v_finished.id], array[v_finished.state], array[v_finished.finished_at], clock_timestamp(), 1, false
            );
            exit;
        end if;
    end loop;
    if v_was is null then
        raise exception 'there is no delivery %', p_delivery_id
            using errcode = 'no_data_found', hint = 'Look for it in outbound_webhooks.delivery_log.';
    end if;

    select d.* into v_live from outbound_webhooks.deliveries as d where d.id = p_delivery_id;
    perform outbound_webhooks.record_audit(
        'delivery.retried', v_live.clinic_id, format('delivery %s', p_delivery_id),
        jsonb_build_object('endpoint_id', v_live.endpoint_id, 'event_id', v_live.event_id, 'was', v_was)
    );
    perform outbound_webhooks.ring_doorbell();
    return (
        select case when l.code = 'due' then 'due now' else 'due, but not sent yet: ' || l.words end
        from outbound_webhooks.explain_live(v_live) with ordinality as l (code, words, since, until, delivery_id, n)
        order by l.n
        limit 1
    );
end
$$;

revoke execute on function outbound_webhooks.retry_delivery(bigint) from public;
grant execute on function outbound_webhooks.retry_delivery(bigint) to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.retry_delivery(bigint) is
    'Send one delivery again, with the same webhook-id and body; says when it is due, or why it cannot be.';

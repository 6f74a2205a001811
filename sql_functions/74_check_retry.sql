-- check_retry: refuse to send a delivery again that cannot be sent, and say what to do.
-- Called by: retry_delivery, for live and finished ones. Locks: the partition of the event, so that it is still there when
-- the caller commits.
create or replace function outbound_webhooks.check_retry(p_delivery_id bigint, p_endpoint_id bigint, p_event_id uuid)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_state constant text := (select e.state from outbound_webhooks.endpoints as e where e.id = p_endpoint_id);
begin
    if v_state = 'retired' then
        raise exception 'endpoint % of delivery % is retired', p_endpoint_id, p_delivery_id
            using errcode = 'object_not_in_prerequisite_state',
                hint = 'An endpoint that took its place gets past events by reevaluate().';
    elsif v_state <> 'active' then
        raise exception 'endpoint % of delivery % is %', p_endpoint_id, p_delivery_id, v_state
            using errcode = 'object_not_in_prerequisite_state',
                hint = format('Resume it: resume_endpoint(%s). That sends what is kept; retry the rest then.', p_endpoint_id);
    end if;
    if not exists (select from outbound_webhooks.events as e where e.id = p_event_id) then
        raise exception 'the event of delivery % is gone, and its body with it: its retention has ended', p_delivery_id
            using errcode = 'object_not_in_prerequisite_state';
    end if;
end
$$;

revoke execute on function outbound_webhooks.check_retry(bigint, bigint, uuid) from public;
comment on function outbound_webhooks.check_retry(bigint, bigint, uuid) is
    'Refuse a retry at a stopped endpoint, or of an event that is gone.';

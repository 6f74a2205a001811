-- resume_endpoint: send again, to an endpoint that was paused or disabled.
-- Called by: DBAs, the admin API, `outbound-webhooks resume`. Locks: the endpoint, and its flow. What was kept is due
-- again oldest first, p_drain_rate a second (null: as before, 100 at first); what is captured from now on goes at once,
-- except behind an older delivery of the same payment where order is kept.
create or replace function outbound_webhooks.resume_endpoint(p_endpoint_id bigint, p_drain_rate integer default null)
    returns void
    language plpgsql
    volatile
    security definer -- the admin role writes endpoints only through functions
    set search_path = pg_catalog, pg_temp
as $$
begin
    update outbound_webhooks.endpoints as e
    set state = 'active', state_reason = null, state_changed_at = clock_timestamp(), state_changed_by = session_user
    where e.id = p_endpoint_id
        and outbound_webhooks.caller_sees(e.clinic_id)
        and e.state in ('active', 'paused', 'disabled');
    if not found then
        perform outbound_webhooks.refuse_state(p_endpoint_id, 'resumed');
    end if;
    update outbound_webhooks.endpoint_flow as f
    set drain_rate = coalesce(p_drain_rate, f.drain_rate)
    where f.endpoint_id = p_endpoint_id;
end
$$;

revoke execute on function outbound_webhooks.resume_endpoint(bigint, integer) from public;
grant execute on function outbound_webhooks.resume_endpoint(bigint, integer)
    to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.resume_endpoint(bigint, integer) is
    E'Resume an endpoint that was paused, or that we disabled. What was kept for it is sent oldest first, at a rate; what '
    'is captured from now on goes at once.\n'
    'p_drain_rate: of what was kept, so many deliveries a second, from 1 to 10,000; as before if left out, 100 at first.';

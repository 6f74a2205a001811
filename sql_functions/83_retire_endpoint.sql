-- retire_endpoint: an endpoint that is not needed any more. It is never deleted, and cannot be brought back.
-- Called by: DBAs, the admin API, `outbound-webhooks retire`. Locks: the endpoint. From the commit on it gets no events;
-- what is due to it is cancelled by the leader within seconds (settle_deliveries). Requests on their way go on; within
-- 2 s nothing new starts. A new endpoint of the clinic may take its place: it counts no longer.
create or replace function outbound_webhooks.retire_endpoint(p_endpoint_id bigint, p_reason text default null)
    returns void
    language plpgsql
    volatile
    security definer -- the admin role writes endpoints only through functions
    set search_path = pg_catalog, pg_temp
as $$
begin
    update outbound_webhooks.endpoints as e
    set state = 'retired', state_reason = p_reason, state_changed_at = clock_timestamp(), state_changed_by = session_user
    where e.id = p_endpoint_id
        and outbound_webhooks.caller_sees(e.clinic_id)
        and e.state <> 'retired';
    if not found then
        perform outbound_webhooks.refuse_state(p_endpoint_id, 'retired again');
    end if;
end
$$;

revoke execute on function outbound_webhooks.retire_endpoint(bigint, text) from public;
grant execute on function outbound_webhooks.retire_endpoint(bigint, text)
    to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.retire_endpoint(bigint, text) is
    E'Retire an endpoint for good: it gets no new events, and what is still due to it is cancelled within seconds, with '
    'the reason ''endpoint retired''. Its deliveries and attempts stay on record.\n'
    'p_reason: for those who look at it later.';

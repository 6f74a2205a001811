-- pause_endpoint: send nothing more to an endpoint, and keep what is due to it, until resume_endpoint.
-- Called by: DBAs, the admin API, `outbound-webhooks pause`. Locks: the endpoint. Requests on their way go on; within 2 s
-- of the commit nothing new starts. An endpoint that we disabled stays so: it is paused already, in effect.
create or replace function outbound_webhooks.pause_endpoint(p_endpoint_id bigint, p_reason text default null)
    returns void
    language plpgsql
    volatile
    security definer -- the admin role writes endpoints only through functions
    set search_path = pg_catalog, pg_temp
as $$
begin
    update outbound_webhooks.endpoints as e
    set state = 'paused', state_reason = p_reason, state_changed_at = clock_timestamp(), state_changed_by = session_user
    where e.id = p_endpoint_id
        and outbound_webhooks.caller_sees(e.clinic_id)
        and e.state in ('active', 'paused');
    if not found then
        perform outbound_webhooks.refuse_state(p_endpoint_id, 'paused');
    end if;
end
$$;

revoke execute on function outbound_webhooks.pause_endpoint(bigint, text) from public;
grant execute on function outbound_webhooks.pause_endpoint(bigint, text)
    to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.pause_endpoint(bigint, text) is
    E'Pause an endpoint: within 2 seconds of the commit nothing more is sent to it, and what is due to it is kept until '
    'resume_endpoint(). Requests on their way go on.\n'
    'p_reason: for those who look at it later.';

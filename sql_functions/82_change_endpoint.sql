-- change_endpoint: other options for an endpoint; what is left out stays as it is.
-- Called by: DBAs, the admin API. Locks: the endpoint, so that of two changes at the same time neither takes back the
-- other. No payment, claim or result waits for that. What is claimed after the commit goes by the new options; a request
-- that was claimed before, by those that it was claimed with. The URL is checked by the table's trigger, if it is another.
-- Deliveries that are there keep their order, or go without one, as they were made: a change of the ordering is for events
-- that are written after it.
create or replace function outbound_webhooks.change_endpoint(p_endpoint_id bigint, p_changes jsonb)
    returns void
    language plpgsql
    volatile
    security definer -- the admin role writes endpoints only through functions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_options constant text[] := '{url,description,event_types,filter,ordering,max_in_flight,requests_per_second,'
        'timeout_seconds,retry_schedule}';
    v_are_known constant boolean := case when jsonb_typeof(p_changes) = 'object' then p_changes - v_options = '{}' end;
    v_endpoint outbound_webhooks.endpoints;
    v_message text;
    v_constraint text;
    v_column text;
begin
    if v_are_known is not true then
        raise exception 'changes are a JSON object of options that an endpoint has, and that can be changed'
            using errcode = 'invalid_parameter_value', hint = format('These can be: %s.', array_to_string(v_options, ', '));
    end if;
    select e.* into v_endpoint
    from outbound_webhooks.endpoints as e
    where e.id = p_endpoint_id
        and outbound_webhooks.caller_sees(e.clinic_id)
        and e.state <> 'retired'
    for no key update;
    if not found then
        perform outbound_webhooks.refuse_state(p_endpoint_id, 'changed');
    end if;

    v_endpoint := jsonb_populate_record(v_endpoint, p_changes);
    begin
        update outbound_webhooks.endpoints as e
        set
            url = v_endpoint.url,
            description = v_endpoint.description,
            event_types = v_endpoint.event_types,
            filter = v_endpoint.filter,
            ordering = v_endpoint.ordering,
            max_in_flight = v_endpoint.max_in_flight,
            requests_per_second = v_endpoint.requests_per_second,
            timeout_seconds = v_endpoint.timeout_seconds,
            retry_schedule = v_endpoint.retry_schedule
        where e.id = p_endpoint_id;
    exception when check_violation or not_null_violation then
        -- Its DETAIL has the whole row, and the server's log would have it: a URL may hold a token.
        get stacked diagnostics v_message = message_text, v_constraint = constraint_name, v_column = column_name;
        raise exception '%', v_message
            using errcode = sqlstate, schema = 'outbound_webhooks', table = 'endpoints', constraint = v_constraint,
                column = v_column;
    end;
end
$$;

revoke execute on function outbound_webhooks.change_endpoint(bigint, jsonb) from public;
grant execute on function outbound_webhooks.change_endpoint(bigint, jsonb)
    to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.change_endpoint(bigint, jsonb) is
    E'Change options of an endpoint that is not retired. What is claimed after the commit is sent by the new ones.\n'
    'p_changes: a JSON object of those that change, such as {"timeout_seconds": 5, "filter": null}: url, description, '
    'event_types, filter, ordering, max_in_flight, requests_per_second, timeout_seconds and retry_schedule, each as for '
    'create_endpoint(). null takes away a filter, a rate or a schedule. A new ordering is for events from then on.';

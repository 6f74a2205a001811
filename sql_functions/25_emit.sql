-- emit: an event from any SQL, on the same path as a captured change.
-- Called by: applications and DBAs who were granted it. Unlike a capture it raises: its caller asked for the event.
-- Locks: nothing. Emits whatever the capture switches say, and also when the clinic has no endpoint.
create or replace function outbound_webhooks.emit(
    p_clinic_id text,
    p_type text,
    p_resource text,
    p_resource_id text,
    p_data json
)
    returns uuid
    language plpgsql
    volatile
    security definer -- the caller needs no grant on our tables
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set lock_timeout = '100ms'
as $$
begin
    if num_nulls(p_clinic_id, p_type, p_resource, p_resource_id, p_data) > 0 then
        raise exception 'emit() needs a clinic, a type, a resource, a resource id and data; none may be null'
            using errcode = 'null_value_not_allowed';
    end if;
    if p_clinic_id = '' then
        raise exception 'the clinic of an event must not be empty' using errcode = 'invalid_parameter_value';
    end if;
    perform outbound_webhooks.check_event_type(p_type);
    if json_typeof(p_data) <> 'object' then
        raise exception 'the data of an event must be a JSON object, not %', json_typeof(p_data)
            using errcode = 'invalid_parameter_value';
    end if;
    return outbound_webhooks.insert_event(p_clinic_id, p_type, p_resource, p_resource_id, p_data);
end
$$;

revoke execute on function outbound_webhooks.emit(text, text, text, text, json) from public;
grant execute on function outbound_webhooks.emit(text, text, text, text, json)
    to outbound_webhooks_dispatcher, outbound_webhooks_admin;
comment on function outbound_webhooks.emit(text, text, text, text, json) is
    E'Emit an event from any SQL, in the caller''s transaction, to each endpoint of the clinic that asks for its type and '
    'whose filter fits; returns the event''s id, which is the webhook-id. Raises if it cannot, as its caller asked for '
    'the event. The capture switches do not count.\n'
    'p_clinic_id: whose endpoints get it.\n'
    'p_type: resource.verb, for example invoice.sent.\n'
    'p_resource: what the event is about, for example invoice; with p_resource_id it is what order is kept by.\n'
    'p_resource_id: which one.\n'
    'p_data: a JSON object, sent as it is written.';

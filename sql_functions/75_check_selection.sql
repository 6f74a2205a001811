-- check_selection: refuse a choice of deliveries or events that chooses nothing, or cannot be meant; else complete it: an
-- endpoint names its clinic, and times are brought to where ids have them. Who does not see all clinics has to choose one.
-- Called by: start_replay, cancel_deliveries. Locks: nothing. A row of replays carries the choice, stored or not.
create or replace function outbound_webhooks.check_selection(p_selection outbound_webhooks.replays)
    returns outbound_webhooks.replays
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_clinic_id text;
begin
    if p_selection.resource_id is not null and p_selection.resource is null then
        raise exception 'a resource id needs its resource'
            using errcode = 'invalid_parameter_value', hint = 'For example payment_transaction.';
    elsif num_nonnulls(
        p_selection.endpoint_id, p_selection.clinic_id, p_selection.event_type, p_selection.since, p_selection.until,
        p_selection.resource, p_selection.error_class
    ) = 0 then
        raise exception 'nothing is chosen: name an endpoint, a clinic, an event type, a time, a resource or an error class'
            using errcode = 'invalid_parameter_value', hint = 'All of them are chosen by p_since => ''epoch''.';
    elsif p_selection.event_type !~ '^(\*|[a-zA-Z0-9_]{1,64}\.(\*|[a-zA-Z0-9_]{1,64}))$' then
        raise exception 'event type % is no pattern', quote_literal(p_selection.event_type)
            using errcode = 'invalid_parameter_value',
                hint = 'For example payment_transaction.created, payment_transaction.* or *.';
    elsif p_selection.error_class not in (
        'timeout', 'connect', 'tls', 'dns', 'blocked_address', 'http_status', 'protocol'
    ) then
        raise exception 'there is no error class %', quote_literal(p_selection.error_class)
            using errcode = 'invalid_parameter_value',
                hint = 'timeout, connect, tls, dns, blocked_address, http_status or protocol.';
    end if;

    if p_selection.endpoint_id is not null then
        select e.clinic_id into v_clinic_id
        from outbound_webhooks.endpoints as e
        where e.id = p_selection.endpoint_id
            and outbound_webhooks.caller_sees(e.clinic_id);
        if v_clinic_id is null then
            raise exception 'there is no endpoint %', p_selection.endpoint_id using errcode = 'no_data_found';
        elsif p_selection.clinic_id <> v_clinic_id then
            raise exception 'endpoint % is of another clinic: %', p_selection.endpoint_id, v_clinic_id
                using errcode = 'invalid_parameter_value';
        end if;
        p_selection.clinic_id := v_clinic_id;
    end if;
    perform outbound_webhooks.require_clinic(p_selection.clinic_id);

    p_selection.event_type := nullif(p_selection.event_type, '*');
    if p_selection.since >= p_selection.until then
        raise exception 'the time is over before it begins: since %, until %', p_selection.since, p_selection.until
            using errcode = 'invalid_parameter_value';
    end if;
    -- An id has no time before the epoch, and none far behind the year 10000.
    p_selection.since := case when p_selection.since < 'epoch' then 'epoch' else p_selection.since end;
    p_selection.until := case when p_selection.until > '10000-01-01' then '10000-01-01' else p_selection.until end;
    return p_selection;
end
$$;

revoke execute on function outbound_webhooks.check_selection(outbound_webhooks.replays) from public;
comment on function outbound_webhooks.check_selection(outbound_webhooks.replays) is
    'Refuse a choice that cannot be meant, or complete it.';

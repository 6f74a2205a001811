-- describe_selection: what was chosen, for the audit log: only what was named.
-- Called by: audit_replay, cancel_deliveries. Locks: nothing.
create or replace function outbound_webhooks.describe_selection(p_selection outbound_webhooks.replays)
    returns jsonb
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
    select jsonb_strip_nulls(jsonb_build_object(
        'endpoint_id', p_selection.endpoint_id,
        'clinic_id', p_selection.clinic_id,
        'event_type', p_selection.event_type,
        'state', p_selection.delivery_state,
        'since', p_selection.since,
        'until', p_selection.until,
        'resource', p_selection.resource,
        'resource_id', p_selection.resource_id,
        'error_class', p_selection.error_class
    ))
$$;

revoke execute on function outbound_webhooks.describe_selection(outbound_webhooks.replays) from public;
comment on function outbound_webhooks.describe_selection(outbound_webhooks.replays) is
    'What chooses deliveries or events, as JSON.';

-- selects_event: is an event one of those chosen: by clinic, time, type and resource?
-- Called by: finished_page, owed_page, cancel_deliveries. Locks: nothing. One expression without settings of its own, so
-- that it is inlined where it is called. Null if it is chosen by what is not known any more: its type or resource is null.
create or replace function outbound_webhooks.selects_event(
    p_selection outbound_webhooks.replays,
    p_clinic_id text,
    p_event_id uuid,
    p_type text,
    p_resource text,
    p_resource_id text
)
    returns boolean
    language sql
    immutable
    security invoker
as $$
    select (p_selection.clinic_id is null or p_clinic_id = p_selection.clinic_id)
        and (p_selection.since is null or p_event_id >= outbound_webhooks.uuid_v7_floor(p_selection.since))
        and (p_selection.until is null or p_event_id < outbound_webhooks.uuid_v7_floor(p_selection.until))
        and (p_selection.event_type is null or p_selection.event_type in (p_type, split_part(p_type, '.', 1) || '.*'))
        and (p_selection.resource is null or p_resource = p_selection.resource)
        and (p_selection.resource_id is null or p_resource_id = p_selection.resource_id)
$$;

revoke execute on function outbound_webhooks.selects_event(outbound_webhooks.replays, text, uuid, text, text, text)
    from public;
comment on function outbound_webhooks.selects_event(outbound_webhooks.replays, text, uuid, text, text, text) is
    'Whether an event is one of those chosen.';

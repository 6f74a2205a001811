-- give_delivery: a missing delivery of a past event, as a reevaluation makes it, and marked as one (delivery_log.reevaluated):
-- what else is due goes first.
-- Called by: reconcile_events, under the locks of reconcile_events. Locks: nothing. It is due at p_due.
create or replace function outbound_webhooks.give_delivery(p_event_id uuid, p_endpoint_id bigint, p_due timestamptz)
    returns void
    language sql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    insert into outbound_webhooks.deliveries (
        event_id, endpoint_id, clinic_id, ordering_key, next_attempt_at, reevaluated, in_bulk
    )
    select
        e.id, n.id, n.clinic_id, case when n.ordering = 'per_resource' then e.resource || ':' || e.resource_id end, p_due, true,
        true
    from outbound_webhooks.events as e
    join outbound_webhooks.endpoints as n on n.id = p_endpoint_id
    where e.id = p_event_id
$$;

revoke execute on function outbound_webhooks.give_delivery(uuid, bigint, timestamptz) from public;
comment on function outbound_webhooks.give_delivery(uuid, bigint, timestamptz) is 'Make a missing delivery of a past event.';

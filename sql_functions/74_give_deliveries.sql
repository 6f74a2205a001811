-- give_deliveries: deliveries of past events for the endpoints of today, marked as such (delivery_log.reevaluated). The first
-- is due at p_from, the others p_rate a second after it, in the order given; while a replay runs, what else is due goes first.
-- Called by: reevaluate_batch, reconcile_events, under the lock of reevaluations. Locks: nothing.
create or replace function outbound_webhooks.give_deliveries(
    p_event_ids uuid[],
    p_endpoint_ids bigint[],
    p_from timestamptz,
    p_rate integer
)
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
        e.id, n.id, n.clinic_id,
        case when n.ordering = 'per_resource' then e.resource || ':' || e.resource_id end,
        p_from + make_interval(secs => (owed.n - 1)::double precision / p_rate),
        true,
        true
    from unnest(p_event_ids, p_endpoint_ids) with ordinality as owed (event_id, endpoint_id, n)
    join outbound_webhooks.events as e on e.id = owed.event_id
    join outbound_webhooks.endpoints as n on n.id = owed.endpoint_id
    order by owed.n
$$;

revoke execute on function outbound_webhooks.give_deliveries(uuid[], bigint[], timestamptz, integer) from public;
comment on function outbound_webhooks.give_deliveries(uuid[], bigint[], timestamptz, integer) is
    'Make deliveries of past events, due one after the other at a rate.';

-- older_delivery: behind which live delivery of its payment another one waits, at an endpoint that keeps order; null: none.
-- Called by: retry_live. Locks: nothing.
create or replace function outbound_webhooks.older_delivery(p_delivery outbound_webhooks.deliveries)
    returns bigint
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select min(older.id)
    from outbound_webhooks.deliveries as older
    where older.endpoint_id = p_delivery.endpoint_id
        and older.ordering_key = p_delivery.ordering_key
        and older.id < p_delivery.id
$$;

revoke execute on function outbound_webhooks.older_delivery(outbound_webhooks.deliveries) from public;
comment on function outbound_webhooks.older_delivery(outbound_webhooks.deliveries) is
    'The oldest live delivery that another one waits behind.';

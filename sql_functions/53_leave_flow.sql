-- leave_flow: leases of these endpoints ended without a result: one entry each. Until p_held_until nothing more of them is
-- claimed: what kept one from being sent keeps the next one from it, too.
-- Called by: release_deliveries, free_leases, in the transaction that ends the leases.
-- Locks: the endpoints' flow, in id order (so that two of them never deadlock).
create or replace function outbound_webhooks.leave_flow(p_endpoint_ids bigint[], p_held_until timestamptz default null)
    returns void
    language sql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    with held as materialized (
        select f.endpoint_id
        from outbound_webhooks.endpoint_flow as f
        where f.endpoint_id = any (p_endpoint_ids)
        order by f.endpoint_id
        for no key update
    )
    update outbound_webhooks.endpoint_flow as f
    set in_flight = f.in_flight - ended.n, held_until = greatest(f.held_until, p_held_until)
    from held
    join (select e.endpoint_id, count(*)::integer as n from unnest(p_endpoint_ids) as e (endpoint_id) group by 1) as ended
        on ended.endpoint_id = held.endpoint_id
    where f.endpoint_id = held.endpoint_id
$$;

revoke execute on function outbound_webhooks.leave_flow(bigint[], timestamptz) from public;
comment on function outbound_webhooks.leave_flow(bigint[], timestamptz) is 'Count ended leases that had no result.';

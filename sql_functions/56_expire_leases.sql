-- expire_leases: end leases that ran out. The request may have left the machine: it has its row, as lost.
-- At an active endpoint the next claim does this by itself; so it is for the others (paused, disabled, retired), and
-- with p_all for what is about to be cancelled.
-- Called by: settle_deliveries, begin_delivery. Locks: those rows; skips rows that others hold.
create or replace function outbound_webhooks.expire_leases(p_limit integer, p_all boolean default false)
    returns void
    language sql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    with pick as materialized (
        select d.*
        from outbound_webhooks.endpoints as e
        join outbound_webhooks.deliveries as d on d.endpoint_id = e.id
        where (p_all or e.state <> 'active')
            and d.lease_until <= statement_timestamp()
        limit p_limit
        for update of d skip locked
    ),
    lost as (
        insert into outbound_webhooks.attempts (
            delivery_id, lease_token, endpoint_id, clinic_id, number, reason, outcome, started_at, dispatcher_id
        )
        select
            p.id, p.lease_token, p.endpoint_id, p.clinic_id, p.attempt_count,
            case when p.attempt_count = 1 then 'first' else 'retry' end,
            'lost', p.leased_at, p.lease_owner
        from pick as p
    )
    update outbound_webhooks.deliveries as d
    set lease_owner = null, lease_token = null, leased_at = null, lease_until = null
    from pick
    where d.id = pick.id
$$;

revoke execute on function outbound_webhooks.expire_leases(integer, boolean) from public;
comment on function outbound_webhooks.expire_leases(integer, boolean) is
    'Record as lost, and free, expired leases: of endpoints that are not active, or of all.';

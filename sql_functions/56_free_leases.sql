-- free_leases: end leases that ran out, or whose dispatcher is dead. The request may have left the machine: it has its
-- row, as lost, and the delivery is as due as it was.
-- Called by: every dispatcher that delivers, about once a second, with the deliveries it still works on (it knows the
-- answer, or waits for it); begin_delivery, arm. Locks: those rows, then their endpoints' hours and flow; skips
-- rows that others hold.
-- An endpoint's in_flight is how many leased rows it has: the search ends with the last of them, and starts where they
-- are, at the front of what is due. Returns how many it freed.
create or replace function outbound_webhooks.free_leases(p_dispatcher_id bigint, p_held_ids bigint[] default '{}')
    returns integer
    language plpgsql
    volatile
    security definer -- dispatchers move deliveries only through functions
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
    set jit = off
as $$
declare
    v_now constant timestamptz := statement_timestamp();
    v_ids bigint[];
    v_tokens bigint[];
    v_endpoint_ids bigint[];
    v_lost outbound_webhooks.attempts[];
begin
    select array_agg(leased.id), array_agg(leased.lease_token) into v_ids, v_tokens
    from outbound_webhooks.endpoint_flow as f
    cross join lateral (
        select d.id, d.lease_token, d.lease_owner, d.lease_until
        from outbound_webhooks.deliveries as d
        where d.endpoint_id = f.endpoint_id
            and d.parked_reason is null
            and d.lease_token is not null
        order by d.next_attempt_at, d.id
        limit f.in_flight
    ) as leased
    where f.in_flight > 0
        and leased.id <> all (p_held_ids)
        and (
            leased.lease_until <= v_now
            -- Who asks is not dead, whatever its heartbeat says.
            or (
                leased.lease_owner <> p_dispatcher_id
                and not exists (
                    select
                    from outbound_webhooks.dispatchers as owner
                    where owner.id = leased.lease_owner
                        and owner.stopped_at is null
                        and owner.heartbeat_at > v_now - interval '15 seconds'
                )
            )
        );
    if v_ids is null then
        return 0;
    end if;

    with held as materialized (
        select d.*
        from outbound_webhooks.deliveries as d
        where d.id = any (v_ids)
            and d.lease_token = any (v_tokens) -- claimed anew in between, it is somebody's again
        order by d.id
        for update skip locked
    ),
    lost as (
        insert into outbound_webhooks.attempts as a (
            delivery_id, lease_token, endpoint_id, clinic_id, number, reason, outcome, started_at, dispatcher_id
        )
        select
            h.id, h.lease_token, h.endpoint_id, h.clinic_id, h.attempt_count,
            case
                when h.attempt_count = h.manual_attempt then 'manual'
                when h.attempt_count = 1 then 'first'
                else 'retry'
            end,
            'lost', h.leased_at, h.lease_owner
        from held as h
        returning a
    ),
    freed as (
        update outbound_webhooks.deliveries as d
        set lease_owner = null, lease_token = null, leased_at = null, lease_until = null
        from held
        where d.id = held.id
        returning d.endpoint_id
    )
    select array_agg(freed.endpoint_id), (select array_agg(w.a) from lost as w)
    into v_endpoint_ids, v_lost
    from freed;

    perform outbound_webhooks.count_hours(v_lost);
    perform outbound_webhooks.leave_flow(v_endpoint_ids);
    return coalesce(cardinality(v_endpoint_ids), 0);
end
$$;

revoke execute on function outbound_webhooks.free_leases(bigint, bigint[]) from public;
grant execute on function outbound_webhooks.free_leases(bigint, bigint[]) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.free_leases(bigint, bigint[]) is
    'Record as lost, and free, leases that expired or whose dispatcher is dead.';

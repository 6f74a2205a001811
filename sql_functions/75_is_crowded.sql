-- is_crowded: does an endpoint have enough to do, so that a replay waits with more for it?
-- Called by: finished_page, owed_page. Locks: nothing. Enough is what it may have in flight, or a tenth of a second of the
-- replay's rate: then what a payment of now would wait behind stays that short, however slow its receiver is.
create or replace function outbound_webhooks.is_crowded(p_endpoint outbound_webhooks.endpoints, p_rate integer)
    returns boolean
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
as $$
    select count(*) >= greatest(p_endpoint.max_in_flight, p_rate / 10)
    from (
        select
        from outbound_webhooks.deliveries as d
        where d.endpoint_id = p_endpoint.id
            and d.parked_reason is null
            and d.next_attempt_at <= statement_timestamp()
            and d.lease_token is null
        limit greatest(p_endpoint.max_in_flight, p_rate / 10)
    ) as waiting
$$;

revoke execute on function outbound_webhooks.is_crowded(outbound_webhooks.endpoints, integer) from public;
comment on function outbound_webhooks.is_crowded(outbound_webhooks.endpoints, integer) is
    'Whether so much waits for an endpoint that a replay must not add to it.';

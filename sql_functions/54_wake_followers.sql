-- wake_followers: a delivery of an ordered endpoint ended: the next one of its payment is due now.
-- Called by: record_attempts, finish_deliveries, with the endpoint and ordering key of each delivery they ended, in the
-- same transaction. Locks: those next deliveries. One that was not put off for its order, but is due later for a reason
-- of its own, is left alone.
create or replace function outbound_webhooks.wake_followers(p_endpoint_ids bigint[], p_ordering_keys text[])
    returns void
    language sql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    update outbound_webhooks.deliveries as d
    set next_attempt_at = statement_timestamp(), held_back = false
    from (
        select distinct on (following.id) following.*
        from (
            select distinct * from unnest(p_endpoint_ids, p_ordering_keys) as e (endpoint_id, ordering_key)
        ) as ended
        cross join lateral (
            select f.*
            from outbound_webhooks.deliveries as f
            where f.endpoint_id = ended.endpoint_id
                and f.ordering_key = ended.ordering_key
            order by f.id
            limit 1
        ) as following
        order by following.id
    ) as following
    where d.id = following.id
        and d.held_back
        and d.parked_reason is null
$$;

revoke execute on function outbound_webhooks.wake_followers(bigint[], text[]) from public;
comment on function outbound_webhooks.wake_followers(bigint[], text[]) is
    'Let the next delivery of each payment go, after one of an ordered endpoint ended.';

-- release_deliveries: give claimed deliveries back that were never sent, as if they had not been claimed.
-- Called by: dispatcher/pipeline/worker.py at shutdown, when an endpoint was stopped in between, or when a failure of
-- our own (a secret that no master key opens) kept the request from leaving. Locks: those rows, in id order.
-- Returns how many were still held.
create or replace function outbound_webhooks.release_deliveries(
    p_delivery_ids bigint[],
    p_lease_tokens bigint[],
    p_delay interval default '0 seconds'
)
    returns integer
    language plpgsql
    volatile
    security definer -- dispatchers move deliveries only through functions
    set search_path = ''
as $$
declare
    v_released integer;
begin
    with held as materialized (
        select d.id
        from outbound_webhooks.deliveries as d
        join unnest(p_delivery_ids, p_lease_tokens) as mine (id, token) on mine.id = d.id and mine.token = d.lease_token
        order by d.id
        for update of d
    )
    update outbound_webhooks.deliveries as d
    set
        attempt_count = d.attempt_count - 1,
        next_attempt_at = case when p_delay > interval '0' then statement_timestamp() + p_delay else d.next_attempt_at end,
        lease_owner = null,
        lease_token = null,
        leased_at = null,
        lease_until = null
    from held
    where d.id = held.id;

    get diagnostics v_released = row_count;
    return v_released;
end
$$;

revoke execute on function outbound_webhooks.release_deliveries(bigint[], bigint[], interval) from public;
grant execute on function outbound_webhooks.release_deliveries(bigint[], bigint[], interval)
    to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.release_deliveries(bigint[], bigint[], interval) is
    'Give back claimed deliveries that were not sent; their attempt numbers are unchanged.';

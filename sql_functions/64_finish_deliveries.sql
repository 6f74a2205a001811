-- finish_deliveries: end live deliveries without an attempt: cancelled, or dead for a reason of ours.
-- Called by: treat_backlog, settle_deliveries, end_parked. Locks: those rows, in id order. Leased ones are left alone: their
-- result decides. Returns how many it ended.
create or replace function outbound_webhooks.finish_deliveries(p_delivery_ids bigint[], p_state text, p_reason text)
    returns bigint
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_count bigint;
    v_ended_at bigint[];
    v_ended_keys text[];
begin
    with held as materialized (
        select d.id
        from outbound_webhooks.deliveries as d
        where d.id = any (p_delivery_ids)
            and d.lease_token is null
        order by d.id
        for update
    ),
    ended as (
        delete from outbound_webhooks.deliveries as d using held where d.id = held.id returning d.*
    ),
    finished as (
        insert into outbound_webhooks.finished_deliveries (
            id, event_id, endpoint_id, clinic_id, state, reason, created_at, finished_at, attempt_count, failure_count
        )
        select
            d.id, d.event_id, d.endpoint_id, d.clinic_id, p_state, p_reason, d.created_at, clock_timestamp(),
            d.attempt_count, d.failure_count
        from ended as d
    )
    select
        count(*),
        array_agg(ended.endpoint_id) filter (where ended.ordering_key is not null),
        array_agg(ended.ordering_key) filter (where ended.ordering_key is not null)
    into v_count, v_ended_at, v_ended_keys
    from ended;

    perform outbound_webhooks.wake_followers(v_ended_at, v_ended_keys);
    return v_count;
end
$$;

revoke execute on function outbound_webhooks.finish_deliveries(bigint[], text, text) from public;
comment on function outbound_webhooks.finish_deliveries(bigint[], text, text) is
    'Move live deliveries that are not in flight to finished_deliveries, with a reason.';

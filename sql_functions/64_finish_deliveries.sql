-- finish_deliveries: end live deliveries without an attempt: cancelled, or dead for a reason of ours.
-- Called by: treat_backlog, settle_deliveries, end_parked, cancel_deliveries, cancel_delivery. Locks: those rows, in id
-- order, then their endpoints' hours, and their flow if they are dead. Leased ones are left alone: their result decides.
-- Returns how many it ended. How the last attempt of each failed, if it did, is kept with it, as where an attempt ends it.
-- p_reasons: one for all, or one for each.
create or replace function outbound_webhooks.finish_deliveries(
    p_delivery_ids bigint[],
    p_state text,
    variadic p_reasons text[]
)
    returns bigint
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_ended_at bigint[];
    v_ended_keys text[];
    v_finished outbound_webhooks.finished_deliveries[];
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
        insert into outbound_webhooks.finished_deliveries as f (
            id, event_id, endpoint_id, clinic_id, state, reason, created_at, finished_at, attempt_count, failure_count,
            reevaluated, last_http_status, last_error_class
        )
        select
            d.id, d.event_id, d.endpoint_id, d.clinic_id, p_state,
            case cardinality(p_reasons) when 1 then p_reasons[1] else p_reasons[array_position(p_delivery_ids, d.id)] end,
            d.created_at, clock_timestamp(), d.attempt_count, d.failure_count, d.reevaluated,
            last.http_status, last.error_class
        from ended as d
        left join lateral (
            select a.http_status, a.error_class
            from outbound_webhooks.attempts as a
            where d.attempt_count > 0
                and a.delivery_id = d.id
                and a.recorded_at >= d.created_at - interval '1 minute' -- its partitions; clocks may differ
            order by a.number desc, a.recorded_at desc
            limit 1
        ) as last on last.error_class is not null
        returning f
    )
    select
        array_agg(ended.endpoint_id) filter (where ended.ordering_key is not null),
        array_agg(ended.ordering_key) filter (where ended.ordering_key is not null),
        (select array_agg(w.f) from finished as w)
    into v_ended_at, v_ended_keys, v_finished
    from ended;

    perform outbound_webhooks.wake_followers(v_ended_at, v_ended_keys);
    perform outbound_webhooks.count_hours(null, v_finished);
    if p_state = 'dead' then
        perform outbound_webhooks.note_deaths(v_finished);
    end if;
    return coalesce(cardinality(v_finished), 0);
end
$$;

revoke execute on function outbound_webhooks.finish_deliveries(bigint[], text, text[]) from public;
comment on function outbound_webhooks.finish_deliveries(bigint[], text, text[]) is
    'Move live deliveries that are not in flight to finished_deliveries, with a reason.';

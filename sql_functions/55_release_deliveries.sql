-- release_deliveries: give claimed deliveries back before they have a result.
-- Called by: dispatcher/pipeline/release.py. Locks: those rows, in id order, and then their endpoints' hours and flow.
-- Returns how many were still held.
-- Not sent (the endpoint was stopped in between, a key that does not open): as if it had not been claimed.
-- p_delay: its endpoint is left alone for so long, 10 s at most, as somebody may mend it. Its next delivery would meet the
-- same, and a backlog be claimed and given back row by row, as fast as the database can.
-- p_may_have_left (broken off at shutdown): the request has its row, as lost, and the number of the attempt stays used.
create or replace function outbound_webhooks.release_deliveries(
    p_delivery_ids bigint[],
    p_lease_tokens bigint[],
    p_delay interval default '0 seconds',
    p_may_have_left boolean default false
)
    returns integer
    language plpgsql
    volatile
    security definer -- dispatchers move deliveries only through functions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_endpoint_ids bigint[];
    v_lost outbound_webhooks.attempts[];
begin
    with held as materialized (
        select d.*
        from outbound_webhooks.deliveries as d
        join unnest(p_delivery_ids, p_lease_tokens) as mine (id, token) on mine.id = d.id and mine.token = d.lease_token
        order by d.id
        for update of d
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
        where p_may_have_left
        returning a
    ),
    freed as (
        update outbound_webhooks.deliveries as d
        set
            attempt_count = d.attempt_count - (not p_may_have_left)::integer,
            next_attempt_at = case when p_delay > interval '0' then statement_timestamp() + p_delay else d.next_attempt_at end,
            lease_owner = null,
            lease_token = null,
            leased_at = null,
            lease_until = null
        from held
        where d.id = held.id
        returning d.endpoint_id
    )
    select array_agg(freed.endpoint_id), (select array_agg(w.a) from lost as w)
    into v_endpoint_ids, v_lost
    from freed;

    perform outbound_webhooks.count_hours(v_lost);
    perform outbound_webhooks.leave_flow(
        v_endpoint_ids, case when p_delay > interval '0' then statement_timestamp() + least(p_delay, interval '10 s') end
    );
    return coalesce(cardinality(v_endpoint_ids), 0);
end
$$;

revoke execute on function outbound_webhooks.release_deliveries(bigint[], bigint[], interval, boolean) from public;
grant execute on function outbound_webhooks.release_deliveries(bigint[], bigint[], interval, boolean)
    to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.release_deliveries(bigint[], bigint[], interval, boolean) is
    'Give back claimed deliveries: unsent ones as if never claimed, broken off ones with a lost attempt.';

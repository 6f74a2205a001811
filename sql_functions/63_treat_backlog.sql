-- treat_backlog: what waited while nothing was sent: p_rate a second from p_now on, oldest first, or not at all.
-- Called by: begin_delivery, set_delivery, arm. Locks: the waiting deliveries. Captures are not held up.
-- drain: spreads next_attempt_at of what is due, and of what an earlier drain put off; what is captured from now on goes
-- at once (docs/adr/0004). What is parked has a rate of its own, and what waits for a retry keeps its time.
-- from-now: cancels what waits, with p_reason. Returns how many waited.
create or replace function outbound_webhooks.treat_backlog(
    p_backlog text,
    p_now timestamptz,
    p_rate integer,
    p_reason text
)
    returns bigint
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_count bigint := 0;
    v_ids bigint[];
    v_after bigint := 0;
begin
    if p_backlog not in ('drain', 'from-now') or p_rate < 1 then
        raise exception 'backlog must be drain or from-now, and the rate at least 1 a second'
            using errcode = 'invalid_parameter_value';
    end if;
    if p_backlog = 'from-now' then
        loop
            v_ids := array(
                select d.id
                from outbound_webhooks.deliveries as d
                where d.id > v_after
                    and d.lease_token is null
                    and d.created_at <= p_now
                order by d.id
                limit 10000 -- finish_deliveries has them in memory
            );
            exit when cardinality(v_ids) = 0;
            v_count := v_count + outbound_webhooks.finish_deliveries(v_ids, 'cancelled', p_reason);
            v_after := v_ids[cardinality(v_ids)];
        end loop;
        return v_count;
    end if;
    with waiting as (
        select d.id, row_number() over (order by d.id) as position
        from outbound_webhooks.deliveries as d
        where d.lease_token is null
            and d.parked_reason is null
            and (d.next_attempt_at <= p_now or (d.attempt_count = 0 and d.created_at <= p_now))
    )
    update outbound_webhooks.deliveries as d
    set
        next_attempt_at = greatest(
            p_now + make_interval(secs => (waiting.position - 1)::double precision / p_rate),
            d.created_at + make_interval(secs => coalesce(e.retry_schedule[1], 0)) -- the delay of a first attempt is kept
        ),
        held_back = false
    from waiting, outbound_webhooks.endpoints as e
    where d.id = waiting.id
        and e.id = d.endpoint_id
        and d.lease_token is null; -- claimed in between by a dispatcher that is back, it does not wait any more
    get diagnostics v_count = row_count;
    return v_count;
end
$$;

revoke execute on function outbound_webhooks.treat_backlog(text, timestamptz, integer, text) from public;
comment on function outbound_webhooks.treat_backlog(text, timestamptz, integer, text) is
    'Drain or cancel what waits; returns how many deliveries that were.';

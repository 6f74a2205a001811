-- explain_live: where a live delivery stands, and everything that keeps it from being sent at this moment, the weightiest
-- first. Behind an older delivery of its payment: that one's reasons, too.
-- Called by: explain, retry_delivery. Locks: nothing. The conditions are those of claim_deliveries, but for a dispatcher's
-- own: how many free slots it has, and a clinic's share of them, no table knows.
create or replace function outbound_webhooks.explain_live(p_delivery outbound_webhooks.deliveries)
    returns table (code text, words text, since timestamptz, until timestamptz, delivery_id bigint)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_now constant timestamptz := clock_timestamp(); -- a retry in the same statement made it due
    v_head outbound_webhooks.deliveries;
begin
    select d.* into v_head
    from outbound_webhooks.deliveries as d
    where d.endpoint_id = p_delivery.endpoint_id
        and d.ordering_key = p_delivery.ordering_key
        and d.id < p_delivery.id
    order by d.id
    limit 1;

    return query
    select l.code, l.words, l.since, l.until, p_delivery.id
    from (
        select v.*, row_number() over (order by v.n) as position
        from outbound_webhooks.endpoints as e
        join outbound_webhooks.endpoint_flow as f on f.endpoint_id = e.id
        cross join outbound_webhooks.settings as g
        left join outbound_webhooks.dispatchers as owner on owner.id = p_delivery.lease_owner
        cross join lateral (
            select
                p_delivery.lease_token is null as waits,
                p_delivery.lease_until > v_now and owner.stopped_at is null
                and owner.heartbeat_at > v_now - interval '15 seconds' as is_leased,
                -- Waits, and its endpoint may be sent something.
                p_delivery.lease_token is null and e.state = 'active' and f.breaker = 'closed'
                and p_delivery.parked_reason is null as may_go,
                least(f.allowed_in_flight, e.max_in_flight) as slots,
                1 - f.tokens - e.requests_per_second * extract(epoch from v_now - f.tokens_at) as tokens_short
        ) as s
        cross join lateral (
            select
                coalesce(bool_or(d.stopped_at is null and d.heartbeat_at > v_now - interval '15 seconds'), false) as any_alive,
                max(greatest(d.heartbeat_at, d.stopped_at)) as last_seen_at
            from outbound_webhooks.dispatchers as d
            where d.delivering
        ) as alive
        cross join lateral (
            select outbound_webhooks.why_unarmed(coalesce(g.armed_environment, '')) as why_not
        ) as armed
        left join lateral (
            select
                a.recorded_at,
                format('attempt %s ', a.number) || case a.outcome
                    when 'failed' then 'failed: ' || concat_ws(' ', a.error_class, a.http_status)
                    when 'lost' then 'was lost: its dispatcher ended before it knew the answer'
                    else 'succeeded, but its lease was over: it counts for nothing, and the receiver gets the event again'
                end as words
            from outbound_webhooks.attempts as a
            where a.delivery_id = p_delivery.id
                and a.recorded_at >= p_delivery.created_at - interval '1 minute' -- its partitions; clocks may differ
            order by a.number desc, a.recorded_at desc
            limit 1
        ) as last_attempt on true
        cross join lateral (values
            (1, 'in_flight', not s.waits and s.is_leased, p_delivery.leased_at, p_delivery.lease_until,
                format('attempt %s is on its way, from dispatcher %s (%s)', p_delivery.attempt_count, owner.id, owner.name)),
            (2, 'lease_over', not s.waits and s.is_leased is not true, p_delivery.leased_at, p_delivery.lease_until,
                format('attempt %s has no result: its dispatcher is dead, or its lease ran out; another one takes it over',
                    p_delivery.attempt_count)),
            (3, 'unarmed', s.waits and armed.why_not is not null, null, null,
                'nothing is sent from this database: ' || armed.why_not),
            (4, 'switched_off', s.waits and not g.delivery, g.delivery_changed_at, null,
                'delivery is switched off, for all dispatchers' || coalesce(': ' || g.delivery_reason, '')),
            (5, 'delivery_off', s.waits and not g.delivering, null, null,
                'delivery is off: no dispatcher runs with OUTBOUND_WEBHOOKS_ENABLED=true'),
            (6, 'no_dispatcher', s.waits and g.delivering and not alive.any_alive, alive.last_seen_at, null,
                'no dispatcher that delivers is alive'),
            (7, 'retired', s.waits and e.state = 'retired', e.state_changed_at, null,
                'the endpoint is retired: this delivery is about to be cancelled'),
            (8, 'paused', s.waits and e.state = 'paused', e.state_changed_at, null,
                'the endpoint is paused' || coalesce(': ' || e.state_reason, '') || '; what is due is kept until it is resumed'),
            (9, 'disabled', s.waits and e.state = 'disabled', e.state_changed_at, null,
                format('the endpoint is disabled: %s; what is due is kept until it is resumed', e.state_reason)),
            (10, 'breaker_open', s.waits and e.state = 'active' and f.breaker = 'open', f.breaker_changed_at, f.probe_at,
                format('%s attempts in a row failed: the circuit breaker is open, until one delivery goes to see', f.failures)),
            (11, 'probing', s.waits and e.state = 'active' and f.breaker = 'half_open', f.breaker_changed_at, null,
                'the circuit breaker is open, and one delivery is on its way to see'),
            (12, 'parked', s.waits and e.state = 'active' and f.breaker = 'closed' and p_delivery.parked_reason is not null,
                null, null,
                format('it was kept (%s), and is sent again in its turn: the oldest first, %s a second',
                    p_delivery.parked_reason, f.drain_rate)),
            (13, 'retry_after', s.may_go and f.held_until > v_now, null, f.held_until,
                'the receiver asked to be left alone (Retry-After), or something here kept a request to it from being sent'),
            (14, 'held_back', s.waits and v_head.id is not null, v_head.created_at, null,
                format('order is kept: delivery %s of %s is older, and not done', v_head.id, p_delivery.ordering_key)),
            (15, 'not_due', s.may_go and v_head.id is null and p_delivery.next_attempt_at > v_now, null,
                p_delivery.next_attempt_at, format('attempt %s is due later', p_delivery.attempt_count + 1)),
            (16, 'full', s.may_go and f.in_flight >= s.slots, null, null,
                format('%s requests at once are on their way to the endpoint, which may have %s', f.in_flight, s.slots)),
            (17, 'rate', s.may_go and s.tokens_short > 0, null,
                v_now + make_interval(secs => s.tokens_short::double precision / e.requests_per_second),
                format('%s requests a second may go to the endpoint', e.requests_per_second)),
            (18, 'due', s.waits, p_delivery.next_attempt_at, null,
                'nothing in the database is in its way: a dispatcher takes it with its next free slot'),
            (19, 'last_attempt', last_attempt.words is not null, last_attempt.recorded_at, null, last_attempt.words)
        ) as v (n, code, holds, since, until, words)
        where e.id = p_delivery.endpoint_id
            and v.holds
    ) as l
    where l.code <> 'due' or l.position = 1
    order by l.n;

    if p_delivery.lease_token is null and v_head.id is not null then
        return query select h.* from outbound_webhooks.explain_live(v_head) as h;
    end if;
end
$$;

revoke execute on function outbound_webhooks.explain_live(outbound_webhooks.deliveries) from public;
comment on function outbound_webhooks.explain_live(outbound_webhooks.deliveries) is
    'Where a live delivery stands, and what keeps it from being sent.';

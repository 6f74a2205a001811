-- judge_endpoints: what a batch of results says about the endpoints: leases that ended, failures in a row, the circuit
-- breaker, how much they take, who is disabled.
-- Called by: record_attempts, with its results and the lease tokens of those that counted.
-- Locks: the endpoints' flow, in id order. An endpoint that somebody holds locked is not disabled now: results must not
-- wait for it, and it fails again.
-- A success closes the breaker; from then on one request more is allowed for each success (slow start). An endpoint that
-- asks for less (slows) gets half of what it has. hold: its Retry-After, in seconds.
-- Returns the changes, for the log: disabled, with the reason; breaker opened; breaker closed.
create or replace function outbound_webhooks.judge_endpoints(p_results jsonb, p_kept bigint[])
    returns table (endpoint_id bigint, change text, reason text)
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
    set jit = off
as $$
#variable_conflict use_column
declare
    v_now constant timestamptz := statement_timestamp();
    v_disabled bigint[];
begin
    perform from outbound_webhooks.endpoint_flow as f
    where f.endpoint_id in (select (r ->> 'endpoint_id')::bigint from jsonb_array_elements(p_results) as r)
    order by f.endpoint_id
    for no key update;

    v_disabled := outbound_webhooks.disable_endpoints(p_results, p_kept);

    return query
    with result as (
        select
            r.*,
            max(r.finished_at) filter (where r.outcome = 'succeeded') over (partition by r.endpoint_id) as succeeded_at
        from (
            select
                endpoint_id, outcome, error_class, http_status, state, slows, hold, is_notice,
                started_at + make_interval(secs => duration_ms / 1000.0) as finished_at
            from jsonb_to_recordset(p_results) as r (
                lease_token bigint, endpoint_id bigint, outcome text, error_class text, http_status integer, state text,
                started_at timestamptz, duration_ms integer, slows boolean, hold double precision, is_notice boolean
            )
            where lease_token = any (p_kept)
        ) as r
    ),
    summary as (
        select
            r.endpoint_id,
            count(*)::integer as n,
            count(*) filter (where r.outcome = 'succeeded')::integer as succeeded,
            count(*) filter (where r.outcome = 'failed')::integer as failed,
            count(*) filter (where r.outcome = 'failed' and r.finished_at > r.succeeded_at)::integer as failed_since,
            -- One of those that are recorded together: a sort for the last of them would cost more than it tells.
            max(concat_ws(' ', r.error_class, r.http_status)) filter (where r.outcome = 'failed') as failed_with,
            count(*) filter (where r.state = 'dead' and not r.is_notice)::integer as dead,
            bool_or(r.slows) as slows,
            max(r.hold) as hold,
            bool_and(r.is_notice) as only_notices
        from result as r
        group by r.endpoint_id
    ),
    before as (
        select
            f.*,
            e.max_in_flight,
            s.n, s.succeeded, s.failed_with as failed_with_now, s.dead, s.slows, s.hold, s.only_notices,
            case when s.succeeded > 0 then s.failed_since else f.failures + s.failed end as failures_now,
            case
                when s.succeeded > 0 then 'closed'
                when f.breaker = 'half_open' then 'open'
                when f.breaker = 'closed' and f.failures + s.failed >= g.breaker_failures then 'open'
                else f.breaker
            end as breaker_now,
            g.breaker_cooldown_seconds as cooldown
        from summary as s
        join outbound_webhooks.endpoint_flow as f on f.endpoint_id = s.endpoint_id
        join outbound_webhooks.endpoints as e on e.id = s.endpoint_id
        cross join outbound_webhooks.settings as g
    ),
    moved as (
        update outbound_webhooks.endpoint_flow as f
        set
            in_flight = f.in_flight - b.n,
            failures = b.failures_now,
            failing_since = case
                when b.failures_now = 0 then null
                when b.succeeded > 0 then v_now
                else coalesce(f.failing_since, v_now)
            end,
            failed_at = case when b.failed_with_now is not null then v_now else f.failed_at end,
            failed_with = coalesce(b.failed_with_now, f.failed_with),
            succeeded_at = case when b.succeeded > 0 then v_now else f.succeeded_at end,
            breaker = b.breaker_now,
            breaker_changed_at = case when b.breaker_now <> f.breaker then v_now else f.breaker_changed_at end,
            breaker_openings = case
                when b.breaker_now = 'closed' then 0
                else f.breaker_openings + (b.breaker_now <> f.breaker)::integer
            end,
            probe_at = case
                when b.breaker_now = 'closed' then null
                when b.breaker_now <> f.breaker
                    then v_now + make_interval(secs => least(600, b.cooldown * 2.0 ^ least(f.breaker_openings, 10)))
                else f.probe_at
            end,
            allowed_in_flight = case
                when b.breaker_now = 'closed' and f.breaker <> 'closed' then 1
                when b.slows then greatest(1, least(coalesce(f.allowed_in_flight, b.max_in_flight), f.in_flight) / 2)
                else nullif(least(f.allowed_in_flight + b.succeeded, b.max_in_flight), b.max_in_flight)
            end,
            -- Disabled: a claim that began before may still take its endpoint for active, but sees its flow as it is now.
            held_until = case
                when f.endpoint_id = any (v_disabled) then greatest(f.held_until, v_now + interval '1 minute')
                else greatest(f.held_until, case when b.hold > 0 then v_now + make_interval(secs => b.hold) end)
            end,
            -- What an operational event meets causes no other operational event.
            dead_untold = f.dead_untold + b.dead,
            troubled_at = case
                when not b.only_notices
                    and ((b.breaker_now = 'open' and f.breaker = 'closed') or f.endpoint_id = any (v_disabled))
                    then coalesce(f.troubled_at, v_now)
                else f.troubled_at
            end
        from before as b
        where f.endpoint_id = b.endpoint_id
    )
    select b.endpoint_id, case when b.breaker_now = 'closed' then 'breaker closed' else 'breaker opened' end, null::text
    from before as b
    where b.breaker_now <> b.breaker
        and (b.breaker_now = 'closed' or b.breaker = 'closed')
    union all
    select e.id, 'disabled', e.state_reason from outbound_webhooks.endpoints as e where e.id = any (v_disabled);
end
$$;

revoke execute on function outbound_webhooks.judge_endpoints(jsonb, bigint[]) from public;
comment on function outbound_webhooks.judge_endpoints(jsonb, bigint[]) is
    'Bring the flow of endpoints in line with a batch of results; returns what changed.';

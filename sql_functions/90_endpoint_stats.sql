-- endpoint_stats: what is so of each of p_endpoints endpoints, and of all the others together, in a row without an id.
-- Those in trouble come first, then the busiest: by the order of magnitude of what failed, and was tried, in this hour
-- and the one before, which within an hour only grows. So the choice changes rarely, and is that of all dispatchers.
-- Called by: stats. Locks: nothing. It walks over the live deliveries once (stat_endpoints).
create or replace function outbound_webhooks.endpoint_stats(p_endpoints integer)
    returns table (
        endpoint_id bigint,
        clinic_id text,
        host text,
        active integer,
        paused integer,
        disabled integer,
        breaker_closed integer,
        breaker_open integer,
        breaker_half_open integer,
        pending bigint,
        in_flight bigint,
        parked bigint,
        due bigint,
        oldest_due_seconds double precision
    )
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select
        g.id, whose.clinic_id, whose.host, g.active, g.paused, g.disabled,
        g.breaker_closed, g.breaker_open, g.breaker_half_open,
        g.pending, g.in_flight, g.parked, g.due, g.oldest_due_seconds
    from (
        select
            r.id,
            count(*) filter (where r.state = 'active')::integer as active,
            count(*) filter (where r.state = 'paused')::integer as paused,
            count(*) filter (where r.state = 'disabled')::integer as disabled,
            count(*) filter (where r.breaker = 'closed')::integer as breaker_closed,
            count(*) filter (where r.breaker = 'open')::integer as breaker_open,
            count(*) filter (where r.breaker = 'half_open')::integer as breaker_half_open,
            sum(r.pending)::bigint as pending,
            sum(r.in_flight)::bigint as in_flight,
            sum(r.parked)::bigint as parked,
            sum(r.due)::bigint as due,
            max(r.oldest_due_seconds) as oldest_due_seconds
        from (
            select
                case
                    when row_number() over (
                        order by
                            s.state = 'disabled' or s.breaker <> 'closed' or s.oldest_due_seconds >= 300 desc,
                            -- In steps that grow, so that nobody changes places with a neighbour at each attempt.
                            ceil(ln(1 + (s.attempts * (1 - coalesce(s.success_rate, 1)))::double precision)) desc,
                            ceil(ln(1 + s.attempts::double precision)) desc,
                            s.endpoint_id
                    ) <= p_endpoints then s.endpoint_id
                end as id,
                s.state, s.breaker, s.pending, s.in_flight, s.parked, s.due, s.oldest_due_seconds
            from outbound_webhooks.stat_endpoints as s
        ) as r
        group by r.id
    ) as g
    -- Of those alone that are told apart: cutting the host out of 5,000 URLs takes as long as all the rest.
    left join outbound_webhooks.stat_endpoints as whose on whose.endpoint_id = g.id
$$;

revoke execute on function outbound_webhooks.endpoint_stats(integer) from public;
grant execute on function outbound_webhooks.endpoint_stats(integer)
    to outbound_webhooks_dispatcher, outbound_webhooks_admin;
comment on function outbound_webhooks.endpoint_stats(integer) is
    'State, circuit breaker and live deliveries of the endpoints that fail or are busiest, and of the others together.';

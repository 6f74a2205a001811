-- return_deliveries: finished deliveries are live again: the same id, event and body; the next attempts go on counting, and
-- the retry schedule begins anew. The first is due at p_from, the others p_rate a second after it, in the order given.
-- Called by: retry_delivery, replay_batch. Locks: those rows, in id order; skips what another retry holds.
-- A delivery is named by all of its key, so that only its own partition is looked at. Whatever its state was, the endpoint
-- of today decides about order: with its old id it comes before all that is newer of its payment and still waits.
-- p_in_bulk: what else is due goes first. Returns how many moved.
create or replace function outbound_webhooks.return_deliveries(
    p_ids bigint[],
    p_states text[],
    p_finished_at timestamptz[],
    p_from timestamptz,
    p_rate integer,
    p_in_bulk boolean
)
    returns integer
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_hashjoin = off
    set enable_mergejoin = off
    set jit = off
    set plan_cache_mode = force_generic_plan -- to plan it for 32 partitions takes three times as long as to do it
as $$
declare
    v_count integer;
begin
    with chosen as materialized (
        select c.*
        from unnest(p_ids, p_states, p_finished_at) with ordinality as c (id, state, finished_at, n)
    ),
    held as materialized (
        select
            f.id, f.state, f.finished_at, c.n,
            case when e.ordering = 'per_resource' then v.resource || ':' || v.resource_id end as ordering_key
        from chosen as c
        join outbound_webhooks.finished_deliveries as f
            on f.id = c.id and f.state = c.state and f.finished_at = c.finished_at
        join outbound_webhooks.endpoints as e on e.id = f.endpoint_id
        join outbound_webhooks.events as v on v.id = f.event_id
        order by f.id
        for update of f skip locked
    ),
    taken as (
        delete from outbound_webhooks.finished_deliveries as f
        using held
        where f.id = held.id
            and f.state = held.state
            and f.finished_at = held.finished_at
        returning f.*, held.n, held.ordering_key
    )
    insert into outbound_webhooks.deliveries (
        id, event_id, endpoint_id, clinic_id, ordering_key, created_at, next_attempt_at, attempt_count, reevaluated,
        in_bulk, manual_attempt, retried_at
    )
    select
        t.id, t.event_id, t.endpoint_id, t.clinic_id, t.ordering_key, t.created_at,
        p_from + make_interval(secs => (t.n - 1)::double precision / p_rate),
        t.attempt_count, t.reevaluated, p_in_bulk, t.attempt_count + 1, clock_timestamp()
    from taken as t;
    get diagnostics v_count = row_count;
    return v_count;
end
$$;

revoke execute on function outbound_webhooks.return_deliveries(bigint[], text[], timestamptz[], timestamptz, integer, boolean)
    from public;
comment on function outbound_webhooks.return_deliveries(bigint[], text[], timestamptz[], timestamptz, integer, boolean) is
    'Move finished deliveries back to the live ones, due one after the other at a rate.';

-- begin_delivery: delivery was off and is turned on: treat what waited, before anything is claimed.
-- Called by: a starting dispatcher with delivery enabled. Locks: the settings row, so that of several dispatchers one
-- treats the backlog and the others wait for it; and the waiting deliveries. Captures are not held up.
-- drain: oldest first, p_rate a second, by spreading next_attempt_at; what is captured from now on goes at once.
-- from-now: cancels what waited, with that reason. Returns how many waited (0 if delivery was on already).
create or replace function outbound_webhooks.begin_delivery(p_backlog text, p_rate integer)
    returns bigint
    language plpgsql
    volatile
    security definer -- dispatchers move deliveries only through functions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_count bigint := 0;
    v_ids bigint[];
    v_after bigint := 0;
begin
    if p_backlog not in ('drain', 'from-now') or p_rate < 1 then
        raise exception 'backlog must be drain or from-now, and the rate at least 1 a second'
            using errcode = 'invalid_parameter_value';
    end if;

    perform from outbound_webhooks.settings as s where not s.delivering for update;
    if not found then
        return 0;
    end if;

    perform outbound_webhooks.free_leases(0); -- every dispatcher that delivered is dead

    if p_backlog = 'drain' then
        with waiting as (
            select d.id, row_number() over (order by d.id) as position
            from outbound_webhooks.deliveries as d
            where d.next_attempt_at <= v_now
                and d.lease_token is null
        )
        update outbound_webhooks.deliveries as d
        set next_attempt_at = v_now + make_interval(secs => (waiting.position - 1)::double precision / p_rate), held_back = false
        from waiting
        where d.id = waiting.id;
        get diagnostics v_count = row_count;
    else
        loop
            v_ids := array(
                select d.id
                from outbound_webhooks.deliveries as d
                where d.id > v_after
                    and d.lease_token is null
                    and d.created_at <= v_now
                order by d.id
                limit 10000 -- finish_deliveries has them in memory
            );
            exit when cardinality(v_ids) = 0;
            v_count := v_count + outbound_webhooks.finish_deliveries(v_ids, 'cancelled', 'waited while delivery was off');
            v_after := v_ids[cardinality(v_ids)];
        end loop;
    end if;

    update outbound_webhooks.settings set delivering = true, delivering_since = v_now;
    return v_count;
end
$$;

revoke execute on function outbound_webhooks.begin_delivery(text, integer) from public;
grant execute on function outbound_webhooks.begin_delivery(text, integer) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.begin_delivery(text, integer) is
    'Turn delivery on and treat the backlog (drain or from-now); returns its size.';

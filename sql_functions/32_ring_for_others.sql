-- ring_for_others: wake a sleeping dispatcher on behalf of one that is awake and has no free slot while more waits.
-- Writers do not ring then, since somebody is awake. In a transaction of its own, so no payment waits for its NOTIFY.
-- Called by: dispatcher/pipeline/worker.py, about once a second at most. Locks: none, unless it rings.
-- Sends nothing if no other dispatcher that delivers is alive, or none sleeps.
create or replace function outbound_webhooks.ring_for_others(p_dispatcher_id bigint)
    returns void
    language plpgsql
    volatile
    security definer -- reading the promise is the owner's right
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now constant timestamptz := clock_timestamp();
begin
    if outbound_webhooks.promise_stands(
            'outbound_webhooks.asleep_until'::regclass, (date_part('epoch', v_now) * 1000)::bigint
        )
        and exists (
            select
            from outbound_webhooks.dispatchers as d
            where d.id <> p_dispatcher_id
                and d.delivering
                and d.stopped_at is null
                and d.heartbeat_at > v_now - interval '15 seconds'
        )
    then
        perform outbound_webhooks.ring_doorbell();
    end if;
end
$$;

revoke execute on function outbound_webhooks.ring_for_others(bigint) from public;
grant execute on function outbound_webhooks.ring_for_others(bigint) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.ring_for_others(bigint) is
    'Wake a sleeping dispatcher for one that is awake and full. Sends nothing if there is none.';

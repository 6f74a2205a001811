-- ring_doorbell: NOTIFY, but only if somebody sleeps and nobody is awake.
-- NOTIFY takes a lock of the whole cluster at commit and holds it through the WAL flush, so a writer that can skip it
-- must skip it. A lost ring costs at most one sweep (1 s): the dispatcher lingers after its promise lapsed.
-- Called by: insert_event. Locks: none, unless it rings. A promise further ahead than 10 s is a clock that was
-- set back, and counts for nothing.
create or replace function outbound_webhooks.ring_doorbell()
    returns void
    language plpgsql
    volatile
    security invoker
as $$
declare
    v_now constant bigint := (date_part('epoch', clock_timestamp()) * 1000)::bigint;
begin
    -- Asleep first: while work flows nobody sleeps, and one look is enough.
    if coalesce(pg_sequence_last_value('outbound_webhooks.asleep_until'::regclass), 0) not between v_now and v_now + 10000
        or coalesce(pg_sequence_last_value('outbound_webhooks.awake_until'::regclass), 0) between v_now and v_now + 10000
    then
        return;
    end if;
    -- In a statement of its own, as one that names a table takes a lock on it: most payments are to take none here.
    if exists (select from outbound_webhooks.settings as s where s.wake_up = 'doorbell') then
        perform pg_notify('outbound_webhooks', '');
    end if;
end
$$;

revoke execute on function outbound_webhooks.ring_doorbell() from public;
comment on function outbound_webhooks.ring_doorbell() is
    'Wake a sleeping dispatcher when none is awake. Sends nothing otherwise.';

-- ring_doorbell: NOTIFY, unless settings say that dispatchers poll.
-- NOTIFY takes a lock of the whole cluster at commit and holds it through the WAL flush, so a writer that can skip it
-- must skip it: it looks at the promises first. A lost ring costs at most one sweep (1 s): the dispatcher lingers after its
-- promise lapsed. Called by: insert_event, if somebody sleeps and nobody is awake; ring_for_others; retry_delivery and
-- advance_replay, as what they make due has no new id that an awake dispatcher would see.
-- Locks: none, but for that of NOTIFY.
create or replace function outbound_webhooks.ring_doorbell()
    returns void
    language plpgsql
    volatile
    security invoker
as $$
begin
    if exists (select from outbound_webhooks.settings as s where s.wake_up = 'doorbell') then
        perform pg_notify('outbound_webhooks', '');
    end if;
end
$$;

revoke execute on function outbound_webhooks.ring_doorbell() from public;
comment on function outbound_webhooks.ring_doorbell() is
    'Wake a sleeping dispatcher when none is awake. Sends nothing otherwise.';

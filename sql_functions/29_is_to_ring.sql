-- is_to_ring: does somebody sleep, while nobody is awake? Then a writer has to ring.
-- Called by: insert_event, for every captured change, where it is inlined. Locks: nothing. p_now is in epoch milliseconds.
-- Asleep first: while work flows nobody sleeps, and one look is enough.
create or replace function outbound_webhooks.is_to_ring(p_now bigint)
    returns boolean
    language sql
    volatile
    security invoker
as $$
    select outbound_webhooks.promise_stands('outbound_webhooks.asleep_until'::regclass, p_now)
        and not outbound_webhooks.promise_stands('outbound_webhooks.awake_until'::regclass, p_now)
$$;

revoke execute on function outbound_webhooks.is_to_ring(bigint) from public;
comment on function outbound_webhooks.is_to_ring(bigint) is 'Whether a sleeping dispatcher has to be rung awake.';

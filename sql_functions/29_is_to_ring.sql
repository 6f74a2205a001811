-- is_to_ring: does somebody sleep, while nobody is awake? Then a writer has to ring.
-- Called by: insert_event, for every captured change. Locks: nothing. One expression without settings of its own, so that
-- it is inlined there. p_now is in epoch milliseconds, as the promises are; one further ahead than 10 s is a clock that
-- was set back, and counts for nothing. Asleep first: while work flows nobody sleeps, and one look is enough.
create or replace function outbound_webhooks.is_to_ring(p_now bigint)
    returns boolean
    language sql
    volatile
    security invoker
as $$
    select coalesce(pg_sequence_last_value('outbound_webhooks.asleep_until'::regclass), 0)
            between p_now and p_now + 10000
        and coalesce(pg_sequence_last_value('outbound_webhooks.awake_until'::regclass), 0)
            not between p_now and p_now + 10000
$$;

revoke execute on function outbound_webhooks.is_to_ring(bigint) from public;
comment on function outbound_webhooks.is_to_ring(bigint) is 'Whether a sleeping dispatcher has to be rung awake.';

-- promise_stands: does a promise of a dispatcher hold at this moment (p_now, in epoch milliseconds, as promises are)?
-- Called by: insert_event, ring_for_others. Locks: nothing. One expression without settings of its own, so that it is
-- inlined where it is called. A promise further ahead than 10 s is a clock that was set back, and counts for nothing.
create or replace function outbound_webhooks.promise_stands(p_promise regclass, p_now bigint)
    returns boolean
    language sql
    volatile
    security invoker
as $$
    select coalesce(pg_sequence_last_value(p_promise), 0) between p_now and p_now + 10000
$$;

revoke execute on function outbound_webhooks.promise_stands(regclass, bigint) from public;
comment on function outbound_webhooks.promise_stands(regclass, bigint) is
    'Whether the promise to be awake, or asleep, holds now.';

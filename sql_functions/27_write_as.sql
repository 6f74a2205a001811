-- write_as: whose trace, actor and request the events of this transaction carry from here on; null: none.
-- Called by: recapture_change, which makes events that an earlier transaction owes. Locks: nothing.
create or replace function outbound_webhooks.write_as(p_traceparent text, p_actor text, p_request_id text)
    returns void
    language sql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select
        set_config('outbound_webhooks.traceparent', coalesce(p_traceparent, ''), true),
        set_config('outbound_webhooks.actor', coalesce(p_actor, ''), true),
        set_config('outbound_webhooks.request_id', coalesce(p_request_id, ''), true)
$$;

revoke execute on function outbound_webhooks.write_as(text, text, text) from public;
comment on function outbound_webhooks.write_as(text, text, text) is
    'Set the trace, actor and request id that the transaction''s events carry.';

-- event_patterns: the patterns that an endpoint may have among its event types to ask for a type: *, resource.* and the
-- type itself.
-- Called by: insert_event, insert_notice, explain_missing. Locks: nothing. One expression without settings of its own, so
-- that it is inlined where it is called.
create or replace function outbound_webhooks.event_patterns(p_type text)
    returns text[]
    language sql
    immutable
    security invoker
as $$
    select array['*', split_part(p_type, '.', 1) || '.*', p_type]
$$;

revoke execute on function outbound_webhooks.event_patterns(text) from public;
comment on function outbound_webhooks.event_patterns(text) is 'The patterns that ask for an event type.';

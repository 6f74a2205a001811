-- event_body: the text that is signed and sent: {"type", "timestamp", "data"}, as Standard Webhooks has it.
-- Called by: insert_event, preview_payload. Locks: nothing. One expression without settings of its own, so that it is
-- inlined where it is called.
create or replace function outbound_webhooks.event_body(p_type text, p_occurred_at timestamptz, p_data json)
    returns text
    language sql
    stable
    security invoker
as $$
    select json_build_object(
        'type', p_type,
        'timestamp', to_char(p_occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'data', p_data
    )::text
$$;

revoke execute on function outbound_webhooks.event_body(text, timestamptz, json) from public;
comment on function outbound_webhooks.event_body(text, timestamptz, json) is 'The body of an event.';

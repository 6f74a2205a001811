-- traceparent: the trace that the transaction belongs to, if its outbound_webhooks.traceparent has the form that W3C Trace
-- Context gives it (version 00, ids that are not zero); else null: a payment does not fail, nor wait, for its trace.
-- Called by: insert_event, record_capture_error. Locks: nothing. One expression without settings of its own, so that it is
-- inlined where it is called; the length is looked at first, as the value may have any. In this form it takes 4
-- microseconds; one regular expression with counts, such as {32}, took 14.
create or replace function outbound_webhooks.traceparent()
    returns text
    language sql
    stable
    security invoker
as $$
    select case
        when octet_length(current_setting('outbound_webhooks.traceparent', true)) = 55
            and current_setting('outbound_webhooks.traceparent', true) like
                '00-________________________________-________________-__'
            and current_setting('outbound_webhooks.traceparent', true) ~ '^[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+$'
            and current_setting('outbound_webhooks.traceparent', true) !~ '-0+-'
        then current_setting('outbound_webhooks.traceparent', true)
    end
$$;

revoke execute on function outbound_webhooks.traceparent() from public;
comment on function outbound_webhooks.traceparent() is 'The trace that the transaction belongs to.';

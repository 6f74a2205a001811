-- check_event_type: refuse what is no event type, with an example of one.
-- Called by: emit, emit_expression. Locks: nothing.
create or replace function outbound_webhooks.check_event_type(p_type text)
    returns void
    language plpgsql
    immutable
    security invoker
as $$
begin
    if p_type !~ '^[a-zA-Z0-9_]{1,64}\.[a-zA-Z0-9_]{1,64}$' then
        raise exception 'event type % is not resource.verb, each of letters, digits and _', quote_literal(p_type)
            using errcode = 'invalid_parameter_value', hint = 'For example payment_transaction.created.';
    end if;
    if split_part(p_type, '.', 1) in ('endpoint', 'delivery', 'webhook') then
        raise exception 'event types of % are operational events, which only the dispatcher makes', quote_literal(split_part(p_type, '.', 1))
            using errcode = 'invalid_parameter_value', hint = 'Call the resource something else.';
    end if;
end
$$;

revoke execute on function outbound_webhooks.check_event_type(text) from public;
comment on function outbound_webhooks.check_event_type(text) is 'Refuse what is no event type.';

-- check_span: refuse a time to reconcile that cannot be meant. Less than no margin would say of too much that it is missing,
-- and of a time without length nothing would be.
-- Called by: reconcile_rows, reconcile_events. Locks: nothing. Null: since ever, or until now.
create or replace function outbound_webhooks.check_span(p_since timestamptz, p_until timestamptz, p_margin interval)
    returns void
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    if p_margin is null or p_margin < interval '0' then
        raise exception 'the margin must be 0 or more, not %', coalesce(p_margin::text, 'null')
            using errcode = 'invalid_parameter_value', hint = 'For example 10 seconds.';
    elsif p_since >= p_until then
        raise exception 'the time is over before it begins: since %, until %', p_since, p_until
            using errcode = 'invalid_parameter_value';
    end if;
end
$$;

revoke execute on function outbound_webhooks.check_span(timestamptz, timestamptz, interval) from public;
comment on function outbound_webhooks.check_span(timestamptz, timestamptz, interval) is
    'Refuse a time to reconcile that cannot be meant.';

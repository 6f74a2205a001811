-- matches_now: does the body of a past event contain what an endpoint's filter asks for today?
-- Called by: owed_page. Locks: nothing. A body that has no jsonb form (\u0000 in it) matches no filter: at the time its
-- capture would have gone to the ledger for it, and here it must not hold up all the others.
create or replace function outbound_webhooks.matches_now(p_body text, p_filter jsonb)
    returns boolean
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return outbound_webhooks.matches_filter(p_body::json -> 'data', p_filter);
exception when data_exception then
    return false;
end
$$;

revoke execute on function outbound_webhooks.matches_now(text, jsonb) from public;
comment on function outbound_webhooks.matches_now(text, jsonb) is 'Whether the data of an event''s body contain a filter.';

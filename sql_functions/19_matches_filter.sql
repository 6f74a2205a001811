-- matches_filter: do an event's data contain what an endpoint's filter asks for?
-- Called by: insert_event, for endpoints that have a filter; filter_gap. A function of its own, so that data without a
-- jsonb form (a json text with \u0000) matter only to those: in the statement, the cast would be done ahead for every
-- endpoint.
-- Locks: nothing.
create or replace function outbound_webhooks.matches_filter(p_data json, p_filter jsonb)
    returns boolean
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return p_data::jsonb @> p_filter;
end
$$;

revoke execute on function outbound_webhooks.matches_filter(json, jsonb) from public;
comment on function outbound_webhooks.matches_filter(json, jsonb) is 'Whether event data contain a filter.';

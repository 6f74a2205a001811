-- count_chosen: how many of these events an endpoint would get that asks for these types, with this filter. It is judged as
-- insert_event judges, by the same functions; a body that no filter can look into matches none (matches_now).
-- Called by: the admin API, with the newest events of a clinic. Locks: nothing. Events that the caller does not see, and
-- those that are gone, count for nothing. Operational events and tests go by other rules: the caller leaves them out.
create or replace function outbound_webhooks.count_chosen(
    p_event_ids uuid[],
    p_event_types text[],
    p_filter jsonb default null
)
    returns bigint
    language plpgsql
    stable
    security definer -- the functions that judge are granted to nobody
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_custom_plan -- with the ids in the plan, it reads their partitions alone
as $$
begin
    return (
        select count(*)
        from outbound_webhooks.events as e
        where e.id = any (p_event_ids)
            and outbound_webhooks.caller_sees(e.clinic_id)
            and p_event_types && outbound_webhooks.event_patterns(e.type)
            and (p_filter is null or outbound_webhooks.matches_now(e.body, p_filter))
    );
end
$$;

revoke execute on function outbound_webhooks.count_chosen(uuid[], text[], jsonb) from public;
grant execute on function outbound_webhooks.count_chosen(uuid[], text[], jsonb)
    to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.count_chosen(uuid[], text[], jsonb) is
    E'How many of these events an endpoint with such a subscription would have got.\n'
    'p_event_ids: the events; what is another clinic''s is not counted.\n'
    'p_event_types: patterns, as for create_endpoint().\n'
    'p_filter: a JSON object that their data have to contain; null: all.';

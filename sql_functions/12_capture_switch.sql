-- capture_switch: is capture on for a source: the switch for all, and its own? 'true' or 'false', as SQL.
-- Called by: capture_definition. Locks: nothing. A source that is about to be made has its own switch on.
create or replace function outbound_webhooks.capture_switch(p_source_name text)
    returns text
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select case when g.capture and coalesce(s.capture, true) then 'true' else 'false' end
    from outbound_webhooks.settings as g
    left join outbound_webhooks.event_sources as s on s.name = p_source_name
$$;

revoke execute on function outbound_webhooks.capture_switch(text) from public;
comment on function outbound_webhooks.capture_switch(text) is 'Whether a source''s capture is switched on, as SQL.';

-- capture_switch: is capture on for a source: the switch for all, and its own?
-- Called by: function_ddl, generate_captures, set_capture, diagnose_capture. Locks: nothing. A source that is about to be made has its own switch on.
create or replace function outbound_webhooks.capture_switch(p_source_name text)
    returns boolean
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select g.capture and coalesce(s.capture, true)
    from outbound_webhooks.settings as g
    left join outbound_webhooks.event_sources as s on s.name = p_source_name
$$;

revoke execute on function outbound_webhooks.capture_switch(text) from public;
comment on function outbound_webhooks.capture_switch(text) is 'Whether a source''s capture is switched on.';

-- set_capture: the capture switch, for everything or for one source. Off after installation.
-- Called by: DBAs, `outbound-webhooks capture on|off`, the admin API. The switch is written into the trigger functions,
-- which costs the watched tables no lock, and holds for every statement that begins after the commit, in any isolation level.
-- Locks: the settings row and the sources' rows, so that two calls, or a watch(), do not write one function at once.
create or replace function outbound_webhooks.set_capture(p_on boolean, p_source text default null, p_reason text default null)
    returns void
    language plpgsql
    volatile
    security definer -- the admin role changes the switches only through functions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_who constant text := outbound_webhooks.actor_name();
    v_source outbound_webhooks.event_sources;
begin
    if p_on is null then
        raise exception 'capture is on or off, not null' using errcode = 'null_value_not_allowed';
    end if;
    perform from outbound_webhooks.settings as g for update;
    if p_source is null then
        update outbound_webhooks.settings as g
        set capture = p_on, capture_changed_at = clock_timestamp(), capture_changed_by = v_who, capture_reason = p_reason
        where g.capture <> p_on;
    else
        perform outbound_webhooks.source_named(p_source);
        update outbound_webhooks.event_sources as s
        set capture = p_on, capture_changed_at = clock_timestamp(), capture_changed_by = v_who, capture_reason = p_reason
        where s.name = p_source
            and s.capture <> p_on;
    end if;
    for v_source in
        select s.* from outbound_webhooks.event_sources as s
        where s.name = p_source or p_source is null
        order by s.name
        for update
    loop
        execute outbound_webhooks.capture_definition(v_source, outbound_webhooks.capture_switch(v_source.name));
    end loop;
end
$$;

revoke execute on function outbound_webhooks.set_capture(boolean, text, text) from public;
grant execute on function outbound_webhooks.set_capture(boolean, text, text) to outbound_webhooks_admin;
comment on function outbound_webhooks.set_capture(boolean, text, text) is
    E'Turn capture on or off: set_capture(true) for all, or set_capture(false, ''payment_transactions'') for one source. A '
    'change is captured if both are on. It holds for every statement that begins after the commit, and costs the watched '
    'tables no lock.\n'
    'p_on: true for on.\n'
    'p_source: the event source; all if left out.\n'
    'p_reason: for those who look at it later.';

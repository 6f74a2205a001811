-- set_capture: the capture switch, for everything or for one source. Off after installation.
-- Called by: DBAs, `outbound-webhooks capture on|off`. Locks: one settings row; writers read it without a lock.
create or replace function outbound_webhooks.set_capture(p_on boolean, p_source text default null)
    returns void
    language plpgsql
    volatile
    security definer -- the admin role changes the switches only through functions
    set search_path = pg_catalog, pg_temp
as $$
begin
    if p_source is null then
        update outbound_webhooks.settings as g
        set capture = p_on, capture_changed_at = clock_timestamp(), capture_changed_by = session_user
        where g.capture <> p_on;
        return;
    end if;
    perform outbound_webhooks.source_named(p_source);
    update outbound_webhooks.event_sources as s
    set capture = p_on, capture_changed_at = clock_timestamp(), capture_changed_by = session_user
    where s.name = p_source
        and s.capture <> p_on;
end
$$;

revoke execute on function outbound_webhooks.set_capture(boolean, text) from public;
grant execute on function outbound_webhooks.set_capture(boolean, text) to outbound_webhooks_admin;
comment on function outbound_webhooks.set_capture(boolean, text) is
    'Turn capture on or off: set_capture(true), or set_capture(false, ''payment_transactions'') for one source.';

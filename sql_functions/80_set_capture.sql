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
        update outbound_webhooks.settings set capture = p_on;
        return;
    end if;
    update outbound_webhooks.event_sources set capture = p_on where name = p_source;
    if not found then
        raise exception 'there is no event source named %', quote_literal(p_source)
            using errcode = 'undefined_object',
                hint = 'The sources: ' || coalesce(
                    (select string_agg(s.name, ', ' order by s.name) from outbound_webhooks.event_sources as s),
                    'none yet; watch() makes one.'
                );
    end if;
end
$$;

revoke execute on function outbound_webhooks.set_capture(boolean, text) from public;
grant execute on function outbound_webhooks.set_capture(boolean, text) to outbound_webhooks_admin;
comment on function outbound_webhooks.set_capture(boolean, text) is
    'Turn capture on or off: set_capture(true), or set_capture(false, ''payment_transactions'') for one source.';

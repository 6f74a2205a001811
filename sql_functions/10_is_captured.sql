-- is_captured: is capture on (for all, for this source, for this transaction), and has the clinic an endpoint?
-- Called by: generated capture functions, for each row whose watched columns changed. Two or three index probes.
-- Locks: nothing; takes no row lock, so it never waits for an endpoint that is being changed.
create or replace function outbound_webhooks.is_captured(p_source_id bigint, p_clinic_id text)
    returns boolean
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('outbound_webhooks.capture', true) = 'off' then
        return false;
    end if;
    return exists (
        select
        from outbound_webhooks.settings as g, outbound_webhooks.event_sources as s
        where g.capture
            and s.id = p_source_id
            and s.capture
            and exists (
                select
                from outbound_webhooks.endpoints as e
                where e.clinic_id = p_clinic_id
                    and e.state <> 'retired'
            )
    );
end
$$;

revoke execute on function outbound_webhooks.is_captured(bigint, text) from public;
comment on function outbound_webhooks.is_captured(bigint, text) is
    'Whether a change of this source for this clinic is to become an event.';

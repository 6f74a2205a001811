-- is_captured: is capture on (for all, for this source, for this transaction), and has the clinic an endpoint?
-- Called by: generated capture functions, for each row whose watched columns changed. Three index probes.
-- Locks: nothing; takes no row lock, so it never waits for an endpoint that is being changed.
-- `set local outbound_webhooks.capture = off` is for bulk loads; once used in a session, the setting reads '' afterwards.
create or replace function outbound_webhooks.is_captured(p_source text, p_clinic_id text)
    returns boolean
    language plpgsql
    stable
    security invoker
as $$
begin
    if nullif(current_setting('outbound_webhooks.capture', true), '')::boolean is false then
        return false;
    end if;
    return exists (
        select
        from outbound_webhooks.settings as g, outbound_webhooks.event_sources as s
        where g.capture
            and s.name = p_source
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

revoke execute on function outbound_webhooks.is_captured(text, text) from public;
comment on function outbound_webhooks.is_captured(text, text) is
    'Whether a change of this source for this clinic is to become an event.';

-- require_clinic: refuse to act for a clinic that is not the caller's, in the same words whether or not it exists.
-- Called by: create_endpoint, check_selection, record_denied. Locks: nothing.
create or replace function outbound_webhooks.require_clinic(p_clinic_id text)
    returns void
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not outbound_webhooks.caller_sees(p_clinic_id) then
        raise exception 'this transaction does not act for %', coalesce('clinic ' || p_clinic_id, 'all clinics')
            using errcode = 'insufficient_privilege',
                hint = 'It acts for the clinics that outbound_webhooks.clinics names in it (docs/roles.md).';
    end if;
end
$$;

revoke execute on function outbound_webhooks.require_clinic(text) from public;
comment on function outbound_webhooks.require_clinic(text) is 'Refuse to act for a clinic that is not the caller''s.';
